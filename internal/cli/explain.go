package cli

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/render"
)

// When exec stays beside the program.
const (
	explainAuto   = "auto"
	explainAlways = "always"
	explainNever  = "never"
)

// addExplainFlag adds --explain.
func (o *execOptions) addExplainFlag(cmd *cobra.Command) {
	AddChoiceFlag(cmd, &o.Explain, "explain", "",
		"stay beside the program as its parent and, if it fails, say from DPDK's log why; auto: for testpmd, l2fwd, l3fwd and pktgen, unless standard error is a terminal",
		explainAuto, explainAlways, explainNever)
}

// explains reports whether this process stays beside the program to explain its log. It
// does not on a terminal: programs print differently into a pipe.
func (o execOptions) explains() bool {
	switch o.Explain {
	case explainAlways:
		return true
	case explainNever:
		return false
	}
	file := o.errFile()
	if file == nil || !slices.Contains(render.Apps(), render.App(o.App)) {
		return false
	}
	_, err := file.Stat()
	return err == nil && !term.IsTerminal(int(file.Fd()))
}

// explain prints the causes of a failure that the program's log shows, if it shows any.
func (d Deps) explain(log string) {
	for _, r := range check.OfLog(log) {
		if r.Code == podnet.CodeEndedByDPDK {
			continue
		}
		fmt.Fprintf(d.Err, "%s: %s: %s (%s)\n  found: %s\n  remedy: %s\n", d.Name, r.Status, r.Cause, r.Code, cell(r.Evidence[0]), r.Remedy)
	}
}

// programEnded is how a program ended that this process stayed beside. Nothing more is
// printed: the program and explain have printed all.
type programEnded struct {
	code   int
	signal int // 0: none ended it
}

func (e *programEnded) Error() string { return fmt.Sprintf("the program ended with %d", e.code) }

// tail keeps the end of its input.
type tail struct {
	bytes.Buffer
	limit int
}

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > t.limit {
		p = p[n-t.limit:]
	}
	if over := t.Len() + len(p) - t.limit; over > 0 {
		t.Next(over)
	}
	_, _ = t.Buffer.Write(p) // which never fails
	return n, nil
}
