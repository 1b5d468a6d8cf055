package measure

import (
	"bytes"
	"strings"

	"github.com/podnet/podnet/internal/cli"
)

// world is what commands write into in tests.
type world struct{ out, err bytes.Buffer }

func (w *world) deps() deps {
	return deps{Deps: cli.Deps{
		Streams: cli.Streams{In: strings.NewReader(""), Out: &w.out, Err: &w.err},
		Program: cli.Program{Name: "testpmd-wrapper", DPDKVersion: "24.11.3"},
		Env:     []string{"A=b"},
		PID:     4711,
	}}
}
