package measure

import (
	"bytes"
	"strings"

	"github.com/podnet/podnet/internal/cli"
)

// world collects the output of commands in tests.
type world struct{ out, err bytes.Buffer }

func (w *world) deps() deps {
	return deps{Deps: cli.Deps{
		Streams: cli.Streams{In: strings.NewReader(""), Out: &w.out, Err: &w.err},
		Program: cli.Program{Name: "testpmd-wrapper", DPDKVersion: "24.11.3"},
		Env:     []string{"A=b"},
		PID:     4711,
	}}
}
