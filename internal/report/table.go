package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/podnet/podnet/internal/result"
)

// writeTable writes the result for a person to read.
func writeTable(w io.Writer, r result.Result) error {
	p := newPrinter(w)
	p.text("%s", title(r))
	for _, c := range r.Caveats() {
		p.text("%s", c)
	}
	for _, c := range only(r) {
		p.text("%s", c)
	}
	p.sweep(r.Measurements)
	for _, d := range r.Deviations {
		p.text("departs from RFC 2544: %s", d)
	}
	for _, k := range r.KernelBaseline {
		p.text("%s", baselineLine(k))
	}
	for _, m := range r.Measurements {
		p.measurement(r, m)
		if r.Settings.Quick {
			p.uncertainty(m.Goals)
		}
		if k := r.Kernel(m.Frame.Name); k != nil {
			p.gain(m, k)
		}
	}
	p.repeats(r.Repeats())
	if c := r.Calibration; c != nil {
		p.line("")
		p.text("calibration %s: %s", calibrationOf, calibration(c))
	}
	return p.flush()
}

// sweep has the figures of several measurements in one table.
func (p *printer) sweep(list []result.Measurement) {
	if len(list) < 2 {
		return
	}
	p.line("")
	p.line("frames\tfigure\tvalue\t")
	for _, m := range list {
		name := m.Frame.Name
		if m.Repeat > 1 {
			name += fmt.Sprintf(" (%d)", m.Repeat)
		}
		for _, f := range figures(m) {
			p.line("%s\t%s\t%s\t%s", name, f.Name, f.Text, state(m))
		}
	}
	p.line("")
}

// only are the caveats of the only measurement, which stand before everything.
func only(r result.Result) []string {
	if len(r.Measurements) != 1 {
		return nil
	}
	return r.CaveatsOf(r.Measurements[0])
}

func (p *printer) measurement(r result.Result, m result.Measurement) {
	p.line("")
	name := m.Frame.String()
	if m.Frame.Mix != nil {
		name += fmt.Sprintf(", %s bytes on average", tenths(m.Frame.Bytes))
	}
	if m.Repeat > 1 {
		name += fmt.Sprintf(", repetition %d", m.Repeat)
	}
	p.text("%s", name)
	if len(r.Measurements) != 1 {
		for _, c := range r.CaveatsOf(m) {
			p.text("%s", c)
		}
	}
	p.line("")
	switch {
	case m.Goals != nil && m.Latency == nil:
		p.goals(m.Goals)
	case m.Latency != nil:
		p.latency(m.Latency)
	case m.Steps != nil:
		p.steps(m.Steps)
	case m.Burst != nil:
		p.line("longest burst without loss\tframes")
		p.burst(m.Burst)
	case len(m.Trials) > 0:
		p.trial(m.Trials[len(m.Trials)-1])
	}
}

// goals prints the bounds of each goal. A column for the rate per direction is there
// only where there is more than one direction.
func (p *printer) goals(goals []result.Goal) {
	bothWays := slices.ContainsFunc(goals, func(g result.Goal) bool {
		return g.PerDirection != nil && g.Lower != nil && g.PerDirection.Mpps < g.Lower.Mpps
	})
	var most result.Rate
	for _, g := range goals {
		for _, r := range []*result.Rate{g.Lower, g.Upper} {
			if r != nil {
				most.Mpps, most.GbpsL1 = max(most.Mpps, r.Mpps), max(most.GbpsL1, r.GbpsL1)
			}
		}
	}
	packets, bits := packetUnit(most.Mpps), bitUnit(most.GbpsL1)
	mpps := func(r *result.Rate) string {
		if r == nil {
			return ""
		}
		return packets.cell(r.Mpps)
	}
	head := fmt.Sprintf("goal\tloss at most\t%[1]s\tupper bound\t%[2]s L1\t%[2]s L2\tconditional %[1]s\tlossy trials", packets.name, bits.name)
	if bothWays {
		head += "\t" + packets.name + " per direction"
	}
	p.line("%s\t", head)
	for _, g := range goals {
		cells := []string{g.Name, fmt.Sprintf("%.4g %%", 100*g.LossRatio), "none", mpps(g.Upper), "", "", mpps(g.Conditional), ""}
		if l := g.Lower; l != nil {
			cells[2], cells[4], cells[5] = mpps(l), bits.cell(l.GbpsL1), bits.cell(l.GbpsL2)
		}
		if g.LossyShare != nil {
			cells[7] = wholePercent(*g.LossyShare)
		}
		if bothWays {
			cells = append(cells, mpps(g.PerDirection))
		}
		p.line("%s\t%s", strings.Join(cells, "\t"), note(g))
	}
	if len(goals) > 0 && goals[0].Lowest != nil {
		p.line("")
		p.text("the lowest rate that could be tried is %s", inPackets(goals[0].Lowest.Mpps))
	}
}

// burst prints the lengths of bursts, and the buffer time that follows from them.
func (p *printer) burst(b *result.BurstResult) {
	p.line("mean of %d\t%s", len(b.Lengths), tenths(b.Frames))
	p.line("least and most\t%d to %d", b.Least, b.Most)
	p.line("standard deviation\t%s", tenths(b.SD))
	p.line("longest that was tried\t%d", b.Limit)
	if b.CorrectedBufferMs != nil {
		p.line("buffer time (RFC 9004)\t%.4g ms", *b.ImpliedBufferMs)
		p.line("corrected by a throughput of %s\t%.4g ms", inPackets(b.Throughput.Mpps), *b.CorrectedBufferMs)
	}
}

// uncertainty says how well a quick search knows the rates of its goals.
func (p *printer) uncertainty(goals []result.Goal) {
	p.line("")
	for _, g := range goals {
		if g.Lower == nil || g.LeastLoss == nil {
			continue
		}
		unit := packetUnit(g.Lower.Mpps)
		where := fmt.Sprintf("is %s %s or more: the search has no upper bound", unit.cell(g.Lower.Mpps), unit.name)
		if g.Upper != nil {
			unit = packetUnit(g.Upper.Mpps)
			where = fmt.Sprintf("lies between %s and %s %s, which are %.2g %% apart",
				unit.cell(g.Lower.Mpps), unit.cell(g.Upper.Mpps), unit.name, 100*(1-g.Lower.Mpps/g.Upper.Mpps))
		}
		p.text("%s %s, as far as short trials can tell: they show no loss below %.1g", g.Name, where, *g.LeastLoss)
	}
}

// repeats says how the repetitions differ.
func (p *printer) repeats(list []result.Spread) {
	if list == nil {
		return
	}
	p.line("")
	p.text("repetitions, which tell nothing of how much pods differ")
	p.line("")
	p.line("frame	figure	unit	n	mean	sd	min	max	mean, 95 %% sure")
	for _, s := range list {
		p.line("%s	%s	%s	%d	%s	%.2g	%s	%s	%s to %s", s.Frame, s.Name, s.Unit, s.Count,
			digits(s.Mean), s.SD, digits(s.Least), digits(s.Most), digits(s.Lower), digits(s.Upper))
	}
}

// digits leaves five of a figure.
func digits(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }

// note explains a goal's outcome, if its rate alone does not.
func note(g result.Goal) string {
	switch {
	case g.Status == result.BelowMinimum:
		return "even the lowest rate lost more"
	case g.Status == result.AboveMaximum:
		return "the highest rate that was tried"
	case g.Status == result.GeneratorLimit:
		return "the generator was the limit"
	case g.Status == result.NotSettled && g.Lower == nil:
		return "the search ended before it found one"
	case g.Status == result.NotSettled:
		return "the search ended before it was settled"
	}
	return ""
}

// latency prints two lines per load: round-trip times from when the packets were
// sent, and below them from when they should have been, with how late they were.
func (p *printer) latency(list []result.LoadLatency) {
	var most float64
	for _, l := range list {
		most = max(most, l.Rate.Mpps)
	}
	unit := packetUnit(most)
	p.line("load\t" + unit.name + "\tlost\tmin us\tmean\t50 %%\t99 %%\t99.9 %%\t99.999 %%\tmax\tlate\tlatest us\t")
	for _, l := range list {
		p.line("%s\t%s\t%.4g %%\t%s\t%d\t%s\t%s", l.Load, unit.cell(l.Rate.Mpps), 100*l.Loss, times(l.RTT), l.Late, tenths(l.MaxLateUs), verdictOf(l.Limited))
		if l.ScheduledRTT != nil {
			p.line("by the schedule\t\t\t%s\t\t\t", times(l.ScheduledRTT))
		}
	}
	for _, l := range list {
		if l.PDVUs != nil {
			p.text("  %s: packet delay variation %s us (RFC 8219: 99.9 %% less the shortest)", l.Load, tenths(*l.PDVUs))
		}
		if n := len(l.Rounds); n > 0 {
			p.text("  %s: mean of %d rounds %s us, standard deviation %s us", l.Load, n, tenths(l.RoundsMeanUs), tenths(l.RoundsSDUs))
		}
		if l.Limited != "" {
			p.text("  %s is not valid: %s", l.Load, l.Limited)
		}
	}
}

// verdictOf marks figures that are not the path's, with the reason.
func verdictOf(limited string) string {
	if limited == "" {
		return ""
	}
	return result.ErrNotValid.Error()
}

// times are the cells of a distribution in microseconds. A percentile of too few
// packets is left out.
func times(r *result.RTT) string {
	if r == nil {
		return strings.Repeat("\t", 6) // nothing came back
	}
	cells := []string{tenths(r.MinUs), tenths(r.MeanUs)}
	for _, percent := range []float64{50, 99, 99.9, 99.999} {
		v, ok := r.At(percent)
		cells = append(cells, "")
		if ok {
			cells[len(cells)-1] = tenths(v)
		}
	}
	return strings.Join(append(cells, tenths(r.MaxUs)), "\t")
}

// tenths formats a figure with one digit behind the point.
func tenths(v float64) string { return result.Decimals(v, 1) }

func (p *printer) steps(steps []result.LossStep) {
	var most float64
	for _, s := range steps {
		most = max(most, s.Rate.Mpps)
	}
	unit := packetUnit(most)
	p.line("of the highest rate\t%s\tlost", unit.name)
	for _, s := range steps {
		p.line("%.4g %%\t%s\t%.4g %%", 100*s.Fraction, unit.cell(s.Rate.Mpps), 100*s.LossRatio)
	}
	for _, s := range steps {
		if s.Limited != "" {
			p.text("  %.4g %% is not valid: %s", 100*s.Fraction, s.Limited)
		}
	}
}

func (p *printer) trial(t result.Trial) {
	most := t.Received.Rate
	if q := t.Requested; q.Mpps != nil {
		most = result.Rate{Mpps: *q.Mpps, GbpsL1: *q.GbpsL1}
	}
	packets, bits := packetUnit(most.Mpps), bitUnit(most.GbpsL1)
	p.line("%s s\tpackets\t%s\t%s L1\t%s L2", tenths(t.Seconds), packets.name, bits.name, bits.name)
	traffic := func(name string, n uint64, mpps, l1, l2 float64) {
		p.line("%s\t%d\t%s\t%s\t%s", name, n, packets.cell(mpps), bits.cell(l1), bits.cell(l2))
	}
	if q := t.Requested; q.Mpps != nil {
		traffic("requested", t.Offered, *q.Mpps, *q.GbpsL1, *q.GbpsL2)
	} else {
		p.line("requested\t\tmax\t\t")
	}
	for _, part := range []struct {
		name string
		of   result.Traffic
	}{{"sent", t.Sent}, {"received", t.Received}} {
		traffic(part.name, part.of.Packets, part.of.Mpps, part.of.GbpsL1, part.of.GbpsL2)
	}
	p.line("lost\t%d\t%s %%\t\t", t.Lost, result.Decimals(100*t.LossRatio, 4))
	if t.TxRefused > 0 {
		p.line("of it refused\t%d\t\t\t", t.TxRefused)
	}
	if t.Duplicates > 0 || t.Reordered > 0 {
		p.line("duplicates\t%d\t\t\t", t.Duplicates)
		p.line("reordered\t%d\t\t\t", t.Reordered)
	}
	if t.RTT != nil {
		p.line("")
		p.line("round trip, us\tmin\tmean\t50 %%\t99 %%\t99.9 %%\t99.999 %%\tmax")
		p.line("from its sending\t%s", times(t.RTT))
		if t.ScheduledRTT != nil {
			p.line("by the schedule\t%s", times(t.ScheduledRTT))
		}
		if t.Lateness != nil {
			p.line("late by\t%s", times(t.Lateness))
		}
	}
	p.line("")
	p.interfaces(t.Interfaces)
	p.queues(t)
	if t.Directions != nil {
		p.line("")
		p.line("direction\toffered\treceived\tlost\trefused\tduplicates\treordered")
		for _, d := range t.Directions {
			p.line("%s -> %s\t%d\t%d\t%d\t%d\t%d\t%d", d.TX, d.RX, d.Offered, d.Received, d.Lost, d.TxRefused, d.Duplicates, d.Reordered)
		}
	}
	if t.Windows != nil {
		p.line("")
		p.line("window with loss\tseconds\tlost\trefused\trun %%\tswitches\tthrottled ms\tsteal ms\tmissed\tno mbuf")
		for _, w := range t.Windows {
			p.window(w)
		}
		if t.WindowsOmitted > 0 {
			p.text("  and %d more", t.WindowsOmitted)
		}
	}
}

// queues prints how punctual the queues were.
func (p *printer) queues(t result.Trial) {
	if t.Requested.Mpps == nil || t.TxQueues == nil && t.RxQueues == nil {
		return
	}
	p.line("")
	p.line("queue\tlcore\tring\tmost due at once\trefused catching up\tlongest unpolled us\tsent meanwhile")
	for _, q := range t.TxQueues {
		p.line("%s tx %d\t%d\t%d\t%d\t%d\t\t", q.Interface, q.Queue, q.Lcore, q.Ring, q.Backlog, q.RefusedCatchingUp)
	}
	for _, q := range t.RxQueues {
		p.line("%s rx %d\t%d\t%d\t\t\t%s\t%d", q.Interface, q.Queue, q.Lcore, q.Ring, tenths(q.GapUs), q.Gap)
	}
}

func (p *printer) window(w result.Window) {
	p.line("%s\t%s\t%d\t%d\t%s", w.Started.UTC().Format("2006-01-02 15:04:05.0"), result.Decimals(w.Seconds, 2), w.Lost, w.TxRefused,
		strings.Join(machineCells(w.Machine), "\t"))
}

// machineCells are what happened on the machine: the threads' share of their
// CPUs, their switches, the time throttled and stolen, and what ports missed.
func machineCells(m result.Machine) []string {
	var run []string
	var throttled string
	var switches uint64
	for _, t := range m.Threads {
		run = append(run, tenths(t.RunPercent))
		switches += t.InvoluntarySwitches
	}
	if m.ThrottledMs != nil {
		throttled = tenths(*m.ThrottledMs)
	}
	return []string{strings.Join(run, " "), count(switches), throttled, tenths(m.StealMs), count(m.RxMissed), count(m.RxNoMbuf)}
}

// WriteRun writes the counters of a run for a person to read.
func WriteRun(w io.Writer, r result.Run) error {
	p := newPrinter(w)
	p.text("%s for %s s", r.Mode, tenths(r.Seconds))
	p.line("")
	p.interfaces(append(r.Interfaces, result.Interface{Name: "total", Counters: r.Total}))
	if len(r.Lcores) > 0 {
		p.line("")
		p.line("lcore\tCPU\tits share of the CPU\tpolls")
	}
	for _, l := range r.Lcores {
		p.line("%d\t%d\t%s %%\t%s", l.ID, l.CPU, tenths(l.RunPercent), strings.Join(l.Polls, ", "))
	}
	if f := r.Faults; f != nil {
		p.line("")
		p.line("frames dropped\toverflowed\tduplicated\treordered")
		p.line("%d\t%d\t%d\t%d", f.Dropped, f.Overflowed, f.Duplicated, f.Reordered)
	}
	return p.flush()
}

func (p *printer) interfaces(list []result.Interface) {
	p.line("interface\trx packets\ttx packets\ttx refused\trx missed\trx no mbuf\terrors\tMAC")
	for _, i := range list {
		p.line("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s",
			i.Name, i.RxPackets, i.TxPackets, i.TxRefused, i.RxMissed, i.RxNoMbuf, i.RxErrors+i.TxErrors, i.MAC)
	}
}

// printer writes aligned columns and keeps the first error.
type printer struct {
	w   io.Writer
	tw  *tabwriter.Writer
	err error
}

func newPrinter(w io.Writer) *printer {
	return &printer{w: w, tw: tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)}
}

// text writes a line by itself, outside the columns.
func (p *printer) text(format string, args ...any) {
	p.err = p.flush()
	if _, err := fmt.Fprintln(p.w, plain(fmt.Sprintf(format, args...))); err != nil && p.err == nil {
		p.err = err
	}
}

// line writes cells that end in tabs, the last one too. Text of others is made
// fit for a terminal, which it could otherwise control.
func (p *printer) line(format string, args ...any) {
	if format != "" {
		format += "\t"
	}
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = plain(s)
		}
	}
	if _, err := fmt.Fprintf(p.tw, format+"\n", args...); err != nil && p.err == nil {
		p.err = err
	}
}

// plain replaces what is not printable. A tab is a cell's end.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func (p *printer) flush() error {
	if err := p.tw.Flush(); p.err == nil {
		p.err = err
	}
	return p.err
}
