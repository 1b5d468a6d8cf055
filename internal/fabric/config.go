package fabric

import (
	"errors"
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// MaxNodes is how many pods a run may have.
const MaxNodes = 1000

// MaxRails is how many rails a pod may have.
const MaxRails = 16

// Config says what a run measures. A coordinator that was restarted goes on only with an
// equal one.
type Config struct {
	Nodes int    `json:"nodes"` // pods of the Job
	Mode  string `json:"mode"`  // result.FabricPairs, FabricRing or FabricSaturate
	Rails string `json:"rails"` // result.FabricSame or FabricCross
	// RailCount is how many rails per node are measured; 0: as many as the pod with
	// the most has when the rounds begin.
	RailCount int  `json:"railCount,omitempty"`
	Load      Load `json:"load"`
}

// longest is the longest trial and the longest warm-up.
const longest = time.Hour

// Check refuses a configuration that cannot be carried out.
func (c Config) Check() error {
	switch {
	case c.Nodes < 2 || c.Nodes > MaxNodes:
		return fmt.Errorf("%d nodes: must be 2 to %d", c.Nodes, MaxNodes)
	case c.Mode != result.FabricPairs && c.Mode != result.FabricRing && c.Mode != result.FabricSaturate:
		return fmt.Errorf("mode %q: must be pairs, ring or saturate", c.Mode)
	case c.Rails != result.FabricSame && c.Rails != result.FabricCross:
		return fmt.Errorf("rails %q: must be same or cross", c.Rails)
	case c.RailCount < 0 || c.RailCount > MaxRails:
		return fmt.Errorf("%d rails: must be 1 to %d, or 0 for as many as the pods have", c.RailCount, MaxRails)
	case len(c.Load.Mix) == 0:
		return fmt.Errorf("no frame size is given")
	case c.Load.Rate == "":
		return fmt.Errorf("no rate is given: must be such as 1Mpps, or max")
	case c.Load.Trial <= 0 || c.Load.Trial > longest:
		return fmt.Errorf("trials of %v: must be above 0 and at most %v", c.Load.Trial, longest)
	case c.Load.Warmup < 0 || c.Load.Warmup > longest:
		return fmt.Errorf("a warm-up of %v: must be 0 to %v", c.Load.Warmup, longest)
	case c.Load.NDR && c.Mode == result.FabricSaturate:
		return fmt.Errorf("mode saturate sends one way, and a search for NDR needs packets that come back: give a rate, or use the mode pairs")
	}
	return c.checkSize(max(c.RailCount, 1))
}

// ErrTooLarge means that the run would have more measurements than a document that can be
// read again.
var ErrTooLarge = errors.New("the matrix is too large")

// checkSize refuses a run of which nobody could read the document.
func (c Config) checkSize(rails int) error {
	if n := c.measurements(rails); n > result.MaxFabricPairs {
		return fmt.Errorf("%w: %d nodes with %s each have %d ordered pairs, and a document has at most %d: measure fewer rails (--rail-count) or nodes, or use the mode ring",
			ErrTooLarge, c.Nodes, count(rails, "rail"), n, result.MaxFabricPairs)
	}
	return nil
}
