package report

import (
	"fmt"
	"io"
	"strconv"

	"github.com/podnet/podnet/internal/result"
)

// outcome has a measurement's figures at one goal, load or rate. A cell without a figure is
// empty.
type outcome struct {
	name, status                             string
	mpps, gbpsL1, upper, conditional, frames string
	loss                                     string
	rtt                                      *result.RTT
}

// outcomeColumns follow the columns that identify a row's measurement.
var outcomeColumns = []struct {
	name  string
	value func(o outcome) string
}{
	{"outcome", func(o outcome) string { return o.name }},
	{"status", func(o outcome) string { return o.status }},
	{"mpps", func(o outcome) string { return o.mpps }},
	{"gbps_l1", func(o outcome) string { return o.gbpsL1 }},
	{"upper_mpps", func(o outcome) string { return o.upper }},
	{"conditional_mpps", func(o outcome) string { return o.conditional }},
	{"loss_ratio", func(o outcome) string { return o.loss }},
	{"burst_frames", func(o outcome) string { return o.frames }},
	{"rtt_min_us", func(o outcome) string { return timeOf(o.rtt, func(r *result.RTT) float64 { return r.MinUs }) }},
	{"rtt_p50_us", func(o outcome) string { return percentileOf(o.rtt, 50) }},
	{"rtt_p99_us", func(o outcome) string { return percentileOf(o.rtt, 99) }},
	{"rtt_p99.9_us", func(o outcome) string { return percentileOf(o.rtt, 99.9) }},
	{"rtt_max_us", func(o outcome) string { return timeOf(o.rtt, func(r *result.RTT) float64 { return r.MaxUs }) }},
}

func timeOf(r *result.RTT, value func(*result.RTT) float64) string {
	if r == nil {
		return ""
	}
	return float(value(r))
}

func percentileOf(r *result.RTT, percent float64) string {
	v, ok := r.At(percent)
	if !ok {
		return ""
	}
	return float(v)
}

// outcomes are a measurement's outcomes. Without a search they come from its last trial.
func outcomes(m result.Measurement) (list []outcome) {
	rate := func(r *result.Rate) (mpps, gbps string) {
		if r == nil {
			return "", ""
		}
		return float(r.Mpps), float(r.GbpsL1)
	}
	for _, g := range m.Goals {
		o := outcome{name: g.Name, status: g.Status}
		o.mpps, o.gbpsL1 = rate(g.Lower)
		o.upper, _ = rate(g.Upper)
		o.conditional, _ = rate(g.Conditional)
		list = append(list, o)
	}
	for _, l := range m.Latency {
		list = append(list, outcome{name: l.Load, mpps: float(l.Rate.Mpps), gbpsL1: float(l.Rate.GbpsL1), loss: float(l.Loss), rtt: l.RTT})
	}
	for _, s := range m.Steps {
		list = append(list, outcome{
			name: fmt.Sprintf("%.4g%%", 100*s.Fraction), mpps: float(s.Rate.Mpps), gbpsL1: float(s.Rate.GbpsL1), loss: float(s.LossRatio),
		})
	}
	if b := m.Burst; b != nil {
		list = append(list, outcome{name: "burst", frames: float(b.Frames)})
	}
	if t := m.Measured(); t != nil && list == nil {
		list = append(list, outcome{
			name: "received", mpps: float(t.Received.Mpps), gbpsL1: float(t.Received.GbpsL1), loss: float(t.LossRatio), rtt: t.RTT,
		})
	}
	return list
}

// writeCSV writes the outcomes, one row each (RFC 4180), under one header.
func writeCSV(w io.Writer, results []result.Result) error {
	header := []string{"method", "tx", "rx", "frame", "frame_bytes", "repeat", "complete", "valid", "reason"}
	rows := [][]string{header}
	for _, col := range outcomeColumns {
		rows[0] = append(rows[0], col.name)
	}
	for _, r := range results {
		for _, m := range r.Measurements {
			for _, o := range outcomes(m) {
				row := []string{
					r.Method, r.Settings.TX, r.Settings.RX, m.Frame.Name, float(m.Frame.Bytes), strconv.Itoa(m.Repeat),
					strconv.FormatBool(m.Complete), strconv.FormatBool(m.Valid), m.Reason,
				}
				for _, col := range outcomeColumns {
					row = append(row, col.value(o))
				}
				rows = append(rows, row)
			}
		}
	}
	return writeRows(w, rows)
}
