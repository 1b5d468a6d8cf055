package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// fabricColumns are the columns of the CSV form, one row per pair and rails. A cell that a pair
// does not have is empty. Units are in the names.
var fabricColumns = []struct {
	name  string
	value func(v fabricView, p *result.FabricPair) string
}{
	{"started", func(v fabricView, _ *result.FabricPair) string { return v.Started.UTC().Format(time.RFC3339) }},
	{"from", func(_ fabricView, p *result.FabricPair) string { return strconv.Itoa(p.From) }},
	{"from_node", func(v fabricView, p *result.FabricPair) string { return v.Nodes[p.From].Name }},
	{"from_pod", func(v fabricView, p *result.FabricPair) string { return v.Nodes[p.From].Pod }},
	{"from_rail", func(_ fabricView, p *result.FabricPair) string { return strconv.Itoa(p.FromRail) }},
	{"from_interface", func(v fabricView, p *result.FabricPair) string { return v.interfaceOf(p.From, p.FromRail) }},
	{"to", func(_ fabricView, p *result.FabricPair) string { return strconv.Itoa(p.To) }},
	{"to_node", func(v fabricView, p *result.FabricPair) string { return v.Nodes[p.To].Name }},
	{"to_pod", func(v fabricView, p *result.FabricPair) string { return v.Nodes[p.To].Pod }},
	{"to_rail", func(_ fabricView, p *result.FabricPair) string { return strconv.Itoa(p.ToRail) }},
	{"to_interface", func(v fabricView, p *result.FabricPair) string { return v.interfaceOf(p.To, p.ToRail) }},
	{"round", func(_ fabricView, p *result.FabricPair) string { return strconv.Itoa(p.Round) }},
	{"valid", func(_ fabricView, p *result.FabricPair) string { return strconv.FormatBool(p.Valid) }},
	{"reason", func(_ fabricView, p *result.FabricPair) string { return whyNot(p) }},
	{"missing", func(_ fabricView, p *result.FabricPair) string {
		if p.Missing == nil {
			return ""
		}
		return string(p.Missing.Code)
	}},
	{"mpps", func(_ fabricView, p *result.FabricPair) string { return cellOf(p.Mpps()) }},
	{"fraction_of_median", func(v fabricView, p *result.FabricPair) string { return cellOf(v.fraction(p)) }},
	{"offered", func(_ fabricView, p *result.FabricPair) string { return countOf(p, &p.Offered) }},
	{"sent", func(_ fabricView, p *result.FabricPair) string { return countOf(p, &p.Sent) }},
	{"arrived", func(_ fabricView, p *result.FabricPair) string { return countOf(p, p.Arrived) }},
	{"returned", func(_ fabricView, p *result.FabricPair) string { return countOf(p, p.Returned) }},
	{"loss_ratio", func(_ fabricView, p *result.FabricPair) string { return cellOf(p.Loss()) }},
	{"return_loss_ratio", func(_ fabricView, p *result.FabricPair) string {
		if p.ReturnLossRatio == nil {
			return ""
		}
		return float(*p.ReturnLossRatio)
	}},
	{"rtt_min_us", func(_ fabricView, p *result.FabricPair) string {
		return timeOf(p.RTT, func(r *result.RTT) float64 { return r.MinUs })
	}},
	{"rtt_p50_us", func(_ fabricView, p *result.FabricPair) string { return percentileOf(p.RTT, 50) }},
	{"rtt_p99_us", func(_ fabricView, p *result.FabricPair) string { return percentileOf(p.RTT, 99) }},
	{"rtt_p99.9_us", func(_ fabricView, p *result.FabricPair) string { return percentileOf(p.RTT, 99.9) }},
	{"rtt_max_us", func(_ fabricView, p *result.FabricPair) string {
		return timeOf(p.RTT, func(r *result.RTT) float64 { return r.MaxUs })
	}},
	{"ndr_status", func(_ fabricView, p *result.FabricPair) string {
		if p.NDR == nil {
			return ""
		}
		return p.NDR.Status
	}},
}

// interfaceOf is the name of a node's rail.
func (v fabricView) interfaceOf(node, rail int) string {
	if rails := v.Nodes[node].Rails; rail < len(rails) {
		return rails[rail].Name
	}
	return ""
}

// whyNot is why a pair has no figures, or none that are valid.
func whyNot(p *result.FabricPair) string {
	if p.Missing != nil {
		return p.Missing.Text
	}
	return p.Reason
}

func cellOf(v float64, ok bool) string {
	if !ok {
		return ""
	}
	return float(v)
}

func countOf(p *result.FabricPair, n *uint64) string {
	if p.Missing != nil || n == nil {
		return ""
	}
	return count(*n)
}

// writeFabricCSV writes a row per pair (RFC 4180), under one header.
func writeFabricCSV(w io.Writer, list []result.Fabric) error {
	c := csv.NewWriter(w)
	row := make([]string, len(fabricColumns))
	for i, col := range fabricColumns {
		row[i] = col.name
	}
	if err := writeRow(c, row); err != nil {
		return err
	}
	for _, f := range list {
		v := newFabricView(f)
		for i := range f.Pairs {
			for at, col := range fabricColumns {
				row[at] = col.value(v, &f.Pairs[i])
			}
			if err := writeRow(c, row); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}
