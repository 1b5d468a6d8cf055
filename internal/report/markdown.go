package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// writeMarkdown writes a summary for the comment of a pull request.
func writeMarkdown(w io.Writer, r result.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s: %s\n\n", escape(title(r)), r.Verdict())
	if r.Reason != "" {
		fmt.Fprintf(&b, "%s\n\n", escape(r.Reason))
	}
	list := append(slices.Clip(r.Failed), allCaveats(r)...)
	for _, c := range list {
		fmt.Fprintf(&b, "- %s\n", escape(c))
	}
	if len(list) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("| frame | repetition | figure | value | |\n|---|---:|---|---|---|\n")
	for _, m := range r.Measurements {
		state := ""
		if !m.Valid || !m.Complete {
			state = m.Verdict()
		}
		for _, f := range compared(r, m) {
			fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", escape(m.Frame.Name), m.Repeat, escape(f.Name), escape(f.Text), state)
		}
	}
	fmt.Fprintf(&b, "\nDPDK %s, %s, CPUs %s, testpmd-wrapper %s\n\n",
		escape(r.Environment.DPDK), escape(r.Environment.CPUModel), escape(r.Environment.CPUs), escape(r.Environment.Version))
	_, err := io.WriteString(w, b.String())
	return err
}

// escape keeps text from being taken for markup, or for a cell's end. GitHub's
// dialect has HTML and mentions beside CommonMark's.
func escape(s string) string {
	var b strings.Builder
	for _, r := range plain(strings.ReplaceAll(s, "\t", " ")) {
		switch r {
		case '<':
			b.WriteString("&lt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '@':
			b.WriteString("&#64;")
			continue
		case '\\', '`', '*', '_', '[', ']', '|', '#', '~', '!', '>':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
