package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// A terminal has room for the matrix of so many nodes. With more nodes, the table lists the
// slowest nodes and pairs.
const (
	matrixNodes = 16
	worstListed = 20
)

func writeFabricTable(w io.Writer, f result.Fabric) error {
	p, v := newPrinter(w), newFabricView(f)
	for _, line := range fabricHead(f, worstListed) {
		p.text("%s", line)
	}
	p.line("")
	for _, r := range v.rails {
		p.text("%s", v.railLine(r))
	}
	if len(v.labels) <= matrixNodes {
		for _, r := range v.rails {
			p.matrix(v, r)
		}
		p.worst(v, 5)
		return p.flush()
	}
	p.slowestNodes(v)
	p.worst(v, worstListed)
	return p.flush()
}

// matrix prints the rates between all nodes on two rails.
func (p *printer) matrix(v fabricView, r result.RailPair) {
	cells := make(map[[2]int]string, len(v.pairs[r]))
	unit := v.unit(r)
	invalid, missing := false, false
	for _, pair := range v.pairs[r] {
		text := unit.pair(pair)
		cells[[2]int{pair.From, pair.To}] = text
		invalid = invalid || pair.Measured() && !pair.Valid
		missing = missing || !pair.Measured()
	}
	p.line("")
	note := ""
	if invalid {
		note += "; ! is not valid"
	}
	if missing {
		note += "; a word is why there is no figure"
	}
	p.text("%s: %s from the row's node to the column's%s", r, unit.name, note)
	p.line("")
	p.line("%s", strings.Join(append([]string{"from"}, tabless(v.labels)...), "\t"))
	for from, label := range tabless(v.labels) {
		row := []string{label}
		for to := range v.labels {
			text, planned := cells[[2]int{from, to}]
			if !planned {
				text = "-"
			}
			row = append(row, text)
		}
		p.line("%s", strings.Join(row, "\t"))
	}
}

// tabless keeps text from beginning a cell of its own.
func tabless(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ReplaceAll(s, "\t", " ")
	}
	return out
}

// unit is the one in which the rates on two rails have figures before the point.
func (v fabricView) unit(r result.RailPair) scaledUnit {
	most := v.medians[r]
	for _, p := range v.pairs[r] {
		mpps, _ := p.Mpps()
		most = max(most, mpps)
	}
	return packetUnit(most)
}

// pair is a pair in a matrix.
func (u scaledUnit) pair(p *result.FabricPair) string {
	mpps, ok := p.Mpps()
	switch {
	case !ok && p.Missing != nil:
		return strings.ReplaceAll(string(p.Missing.Code), "\t", " ")
	case !ok:
		return "missing"
	case !p.Valid:
		return u.cell(mpps) + "!"
	}
	return u.cell(mpps)
}

func (p *printer) slowestNodes(v fabricView) {
	list := slowest(v.nodes(), worstListed)
	if len(list) == 0 {
		return
	}
	p.line("")
	p.text("the slowest nodes, by the median of their pairs")
	p.line("")
	p.line("node\trole\trail\tof the median\tmedian\tleast\tloss up to\tmedian round trip us\tmeasured\tmissing")
	for _, n := range list {
		trip := ""
		if n.timed {
			trip = tenths(n.p50)
		}
		p.line("%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d",
			v.label(n.node), n.role(), n.rail, wholePercent(n.fraction), result.RateText(n.mpps), result.RateText(n.least), lossPercent(n.loss), trip, n.measured, n.missing)
	}
}

func (v fabricView) label(node int) string { return strings.ReplaceAll(v.labels[node], "\t", " ") }

// worst prints the slowest pairs.
func (p *printer) worst(v fabricView, most int) {
	list := v.worst(most)
	if len(list) == 0 {
		return
	}
	p.line("")
	p.text("the slowest pairs")
	p.line("")
	p.line("from\tto\trails\tof the median\trate\tloss\tround trip 50 %% us\t99 %% us\t")
	for _, pair := range list {
		part, state := "", ""
		if f, ok := v.fraction(pair); ok {
			part = wholePercent(f)
		}
		if !pair.Valid {
			state = "not valid"
		}
		mpps, _ := pair.Mpps()
		p.line("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", v.label(pair.From), v.label(pair.To), pair.Rails(), part, result.RateText(mpps),
			lossText(pair), trip(pair, 50), trip(pair, 99), state)
	}
}

func lossText(p *result.FabricPair) string {
	if loss, ok := p.Loss(); ok {
		return lossPercent(loss)
	}
	return ""
}

// trip is a percentile of the round-trip times in microseconds, if it is known.
func trip(p *result.FabricPair, percent float64) string {
	if v, ok := p.RTTUs(percent); ok {
		return tenths(v)
	}
	return ""
}

// wholePercent is a part in percent.
func wholePercent(part float64) string { return result.Decimals(100*part, 0) + " %" }

// lossPercent is a loss ratio with two digits; a total loss is "100 %".
func lossPercent(ratio float64) string {
	if ratio >= 0.1 {
		return wholePercent(ratio)
	}
	return fmt.Sprintf("%.2g %%", 100*ratio)
}
