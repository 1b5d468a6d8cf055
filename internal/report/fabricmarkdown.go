package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// writeFabricMarkdown writes a summary for the comment of a pull request.
func writeFabricMarkdown(w io.Writer, f result.Fabric) error {
	const most = 10
	var b strings.Builder
	head := fabricHead(f, most)
	fmt.Fprintf(&b, "### %s\n\n", escape(head[0]))
	for _, line := range head[1:] {
		fmt.Fprintf(&b, "- %s\n", escape(line))
	}
	v := newFabricView(f)
	b.WriteString("\n| rails | median | least | loss up to | median round trip us | 99 % up to us | measured | not valid | missing |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range v.rails {
		s := v.figuresOf(r)
		median, p50, p99 := "", "", ""
		if m, ok := v.medians[r]; ok {
			median = result.RateText(m)
		}
		if s.timed {
			p50, p99 = tenths(s.p50), tenths(s.p99)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %d | %d | %d |\n",
			r, median, result.RateText(s.least), percent(s.loss), p50, p99, s.measured, s.invalid, s.missing)
	}
	if list := v.worst(most); len(list) > 0 {
		b.WriteString("\n| slowest pairs | rails | of the median | rate | loss | 99 % round trip us | |\n|---|---|---:|---:|---:|---:|---|\n")
		for _, p := range list {
			part, state := "", ""
			if fraction, ok := v.fraction(p); ok {
				part = percent(fraction)
			}
			if !p.Valid {
				state = "not valid"
			}
			mpps, _ := p.Mpps()
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", escape(v.link(p)), p.Rails(), part, result.RateText(mpps), lossText(p), trip(p, 99), state)
		}
	}
	fmt.Fprintf(&b, "\ntestpmd-wrapper %s\n\n", escape(f.Settings.Version))
	_, err := io.WriteString(w, b.String())
	return err
}
