package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// The page and its style. The page contains all that it shows, and loads nothing from the
// network.
var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	page = template.Must(template.New("page").Funcs(template.FuncMap{"plain": plain}).Parse(pageHTML))
)

// section is a result in the page.
type section struct {
	ID, Title, Verdict string
	State              string // the verdict's class: good, bad or open
	Result             result.Result
	Headline           []fact   // the answer
	Caveats            []string // of the measurements
	Facts              []fact   // when, where and by what
	Found              []grid
	Drawings           []drawing
	Windows            grid
	Settings           []fact
	Environment        []fact
	Trials             grid
}

// fact is a line of a list in the page.
type fact struct{ Name, Text string }

// grid is a table in the page.
type grid struct {
	Caption string
	Note    string // what the columns mean
	Head    []string
	Text    int // so many columns at the left are text, the others numbers
	Rows    [][]string
	Remarks bool // the last column is remarks
}

func (g *grid) add(cells ...string) { g.Rows = append(g.Rows, cells) }

// tidy leaves out the last column, of remarks, if there are none.
func (g grid) tidy() grid {
	last := len(g.Head) - 1
	for _, row := range g.Rows {
		if row[last] != "" {
			g.Remarks = true
			return g
		}
	}
	g.Head = g.Head[:last]
	for i, row := range g.Rows {
		g.Rows[i] = row[:last]
	}
	return g
}

// writeHTML writes a page that shows the results one after another.
func writeHTML(w io.Writer, results []result.Result) error {
	data := struct {
		Title    string
		CSS      template.CSS
		Sections []section
	}{Title: "Benchmark results", CSS: template.CSS(pageCSS)}
	for i, r := range results {
		data.Sections = append(data.Sections, sectionOf("run"+strconv.Itoa(i+1), r))
	}
	if len(results) == 1 {
		data.Title = title(results[0])
	}
	return page.Execute(w, data)
}

func sectionOf(id string, r result.Result) section {
	s := section{
		ID: id, Headline: headline(r), Caveats: allCaveats(r), Title: path(r.Settings, "→", "↔"), Verdict: r.Verdict(), State: "good", Result: r,
		Drawings: []drawing{plotThroughput(id+"-throughput", r), plotLoss(id+"-loss", r), plotLatency(id+"-latency", r)},
		Found:    foundGrids(r), Windows: windowGrid(r), Trials: trialGrid(r),
		Settings: settingsList(r), Environment: environmentList(r.Environment),
	}
	switch {
	case !r.Complete || !r.Valid:
		s.State = "open"
	case len(r.Failed) > 0:
		s.State = "bad"
	}
	s.Facts = []fact{{"started", moment(r.Started)}}
	if r.Ended != nil {
		s.Facts = append(s.Facts, fact{"took", r.Ended.Sub(r.Started).Round(time.Second).String()})
	}
	s.Facts = append(s.Facts, fact{"CPUs", r.Environment.CPUs}, fact{"DPDK", r.Environment.DPDK})
	if c := r.Calibration; c != nil {
		s.Facts = append(s.Facts, fact{"calibration " + calibrationOf, calibration(c)})
	}
	return s
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// state tells whether a measurement's figures can be trusted.
func state(m result.Measurement) string {
	if m.Complete && m.Valid {
		return ""
	}
	return m.Verdict()
}

func percent(ratio float64) string { return fmt.Sprintf("%.4g %%", 100*ratio) }

// foundGrids are the figures of the measurements, one table per kind.
func foundGrids(r result.Result) (list []grid) {
	goals := grid{Caption: "Rates found", Note: goalNote, Text: 2, Head: []string{"frames", "goal", "loss at most", "Mpps", "Gbit/s L1", "Gbit/s L2", "conditional Mpps", "lost more at Mpps", "remarks"}}
	loads := grid{Caption: "Round-trip times, in µs", Note: timeNote, Text: 2, Head: []string{"frames", "load", "Mpps", "lost", "min", "mean", "50 %", "99 %", "99.9 %", "99.999 %", "max", "remarks"}}
	steps := grid{Caption: "Loss at rates", Note: stepNote, Text: 1, Head: []string{"frames", "of the highest rate", "Mpps", "lost", "remarks"}}
	bursts := grid{Caption: "Longest bursts without loss", Note: burstNote, Text: 1, Head: []string{"frames", "mean length", "repetitions", "longest that was tried", "remarks"}}
	trials := grid{Caption: "Traffic", Note: trafficNote, Text: 1, Head: []string{"frames", "offered", "received", "Mpps", "Gbit/s L1", "Gbit/s L2", "lost", "loss", "duplicates", "reordered", "remarks"}}
	for _, m := range r.Measurements {
		name := frameName(m.Frame)
		if m.Repeat > 1 {
			name += fmt.Sprintf(" (%d)", m.Repeat)
		}
		for _, g := range m.Goals {
			row := []string{name, g.Name, percent(g.LossRatio), "none", "", "", "", "", strings.Trim(strings.Join([]string{note(g), g.Caveat(), state(m)}, "; "), "; ")}
			if g.Lower != nil {
				row[3], row[4], row[5] = fixed(g.Lower.Mpps), fixed(g.Lower.GbpsL1), fixed(g.Lower.GbpsL2)
			}
			if g.Conditional != nil {
				row[6] = fixed(g.Conditional.Mpps)
			}
			if g.Upper != nil {
				row[7] = fixed(g.Upper.Mpps)
			}
			goals.add(row...)
		}
		for _, l := range m.Latency {
			remark := verdictOf(l.Limited)
			if l.Late > 0 {
				remark = strings.Trim(remark+fmt.Sprintf("; %d late, by up to %s µs", l.Late, tenths(l.MaxLateUs)), "; ")
			}
			loads.add(latencyRow(name, l.Load, l.Rate, l.Loss, l.RTT, remark)...)
			if l.ScheduledRTT != nil {
				loads.add(latencyRow(name, l.Load+", by the schedule", l.Rate, l.Loss, l.ScheduledRTT, "")...)
			}
		}
		for _, s := range m.Steps {
			steps.add(name, percent(s.Fraction), fixed(s.Rate.Mpps), percent(s.LossRatio), cmp.Or(verdictOf(s.Limited), state(m)))
		}
		if b := m.Burst; b != nil {
			bursts.add(name, tenths(b.Frames), strconv.Itoa(len(b.Lengths)), count(b.Limit), state(m))
		}
		if n := len(m.Trials); n > 0 && m.Goals == nil && m.Latency == nil && m.Steps == nil && m.Burst == nil {
			t := m.Trials[n-1]
			trials.add(name, count(t.Offered), count(t.Received.Packets), fixed(t.Received.Mpps), fixed(t.Received.GbpsL1), fixed(t.Received.GbpsL2),
				count(t.Lost), percent(t.LossRatio), count(t.Duplicates), count(t.Reordered), state(m))
		}
		if t, at := typical(m); t != nil && m.Latency == nil {
			at = cmp.Or(strings.TrimPrefix(at, " at "), "last trial")
			loads.add(latencyRow(name, at, t.Received.Rate, t.LossRatio, t.RTT, state(m))...)
			if t.ScheduledRTT != nil {
				loads.add(latencyRow(name, at+", by the schedule", t.Received.Rate, t.LossRatio, t.ScheduledRTT, "")...)
			}
		}
	}
	for _, g := range []grid{goals, trials, steps, bursts, loads, kernelGrid(r)} {
		if len(g.Rows) > 0 {
			list = append(list, g.tidy())
		}
	}
	return list
}

func latencyRow(name, load string, rate result.Rate, loss float64, r *result.RTT, state string) []string {
	row := []string{name, load, fixed(rate.Mpps), percent(loss)}
	return append(append(row, strings.Split(times(r), "\t")...), state)
}

// windowGrid has the windows with loss, and what happened in them.
func windowGrid(r result.Result) grid {
	g := grid{Caption: "Windows with loss", Text: 2, Head: []string{
		"frames", "from", "seconds", "offered", "lost", "refused", "threads' run %", "switches", "throttled ms", "steal ms", "missed", "no mbuf",
	}}
	for _, m := range r.Measurements {
		for _, t := range m.Trials {
			for _, w := range t.Windows {
				g.add(append([]string{frameName(m.Frame), moment(w.Started), result.Decimals(w.Seconds, 2), count(w.Offered), count(w.Lost), count(w.TxRefused)},
					machineCells(w.Machine)...)...)
			}
			if t.WindowsOmitted > 0 {
				g.add(frameName(m.Frame), fmt.Sprintf("and %d more", t.WindowsOmitted), "", "", "", "", "", "", "", "", "", "")
			}
		}
	}
	return g
}

// trialGrid has every trial.
func trialGrid(r result.Result) grid {
	g := grid{Caption: "All trials", Text: 3, Head: []string{
		"frames", "phase", "started", "seconds", "offered Mpps", "received Mpps", "lost", "loss", "refused", "duplicates", "reordered", "p50 µs", "p99.9 µs", "p99.9 µs by the schedule", "late", "latest µs", "most due at once", "remarks",
	}}
	for _, m := range r.Measurements {
		for _, t := range m.Trials {
			percentile := func(r *result.RTT, percent float64) string {
				if v, ok := r.At(percent); ok {
					return tenths(v)
				}
				return ""
			}
			why := ""
			if !t.Valid {
				why = "not valid: " + t.Reason
			}
			g.add(frameName(m.Frame), t.Phase, t.Started.UTC().Format("15:04:05.0"), result.Decimals(t.Seconds, 1), fixed(t.OfferedMpps()), fixed(t.Received.Mpps),
				count(t.Lost), percent(t.LossRatio), count(t.TxRefused), count(t.Duplicates), count(t.Reordered), percentile(t.RTT, 50), percentile(t.RTT, 99.9), percentile(t.ScheduledRTT, 99.9),
				count(t.Late), tenths(t.MaxLateUs), count(t.Backlog()), why)
		}
	}
	return g.tidy()
}
