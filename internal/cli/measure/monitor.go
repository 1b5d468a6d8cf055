package measure

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/metrics"
	"github.com/podnet/podnet/internal/result"
)

// monitor shows a run of bench while it goes on: on a terminal as one line that
// is redrawn, elsewhere as a line of key=value pairs per trial.
type monitor struct {
	out      io.Writer
	terminal bool
	log      *slog.Logger

	status   // its lock guards the fields below, too
	progress bench.Progress
	began    time.Time
	counts   bench.Counts // of the running trial, at its last tick
	countsAt time.Time
	running  result.Trial // has the counters alone, which never go down
	ended    []uint64     // sums of result.TrialCounters
	nth, of  int          // this is the nth of so many measurements
	lost     *float64     // loss ratio of the last trial of this measurement; nil: there was none
}

// sums adds a trial to sums of result.TrialCounters, in a new list.
func sums(before []uint64, t result.Trial) []uint64 {
	out := make([]uint64, len(result.TrialCounters))
	copy(out, before)
	for i, c := range result.TrialCounters {
		out[i] += c.Value(t)
	}
	return out
}

func newMonitor(s cli.Streams, name string, r *result.Result) *monitor {
	text := slog.NewTextHandler(s.Err, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey || a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	return &monitor{out: s.Err, terminal: s.IsTerminal, log: slog.New(text), status: status{neighbors: neighbors(s, name), snapshot: metrics.Snapshot{
		NotReady: notStarted, Version: r.Environment.Version, DPDK: r.Environment.DPDK, Method: r.Method,
	}}}
}

// Snapshot implements metrics.Source.
func (m *monitor) Snapshot() metrics.Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.now()
	s.Totals = sums(m.ended, m.running)
	return s
}

// measuring reports that the nth measurement of so many begins.
func (m *monitor) measuring(nth, of int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nth, m.of, m.lost = nth, of, nil
}

// begin reports that a trial begins.
func (m *monitor) begin(p bench.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.progress, m.began, m.counts, m.countsAt = p, time.Now(), bench.Counts{}, time.Now()
	s := &m.snapshot
	s.Phase, s.Frame, s.Requested, s.Lower, s.Upper = p.Phase, p.Frame.Name, p.Rate, p.Lower, p.Upper
	m.draw("")
}

// Counted takes the running trial's counts so far.
func (m *monitor) Counted(now time.Time, c bench.Counts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seconds := now.Sub(m.countsAt).Seconds()
	received, missing := c.Received-m.counts.Received, c.Missing
	m.counts, m.countsAt, m.snapshot.Interfaces = c, now, c.Interfaces
	// A warm-up does not count in the result or the totals. A missing packet may still
	// come, so packets count as lost only when the trial has ended.
	if m.progress.Phase != bench.WarmUp {
		m.running = result.Trial{
			Offered: c.Offered, TxRefused: c.Refused, Duplicates: c.Duplicates, Reordered: c.Reordered, Late: c.Late,
			Sent: result.Traffic{Packets: c.Sent}, Received: result.Traffic{Packets: c.Received},
		}
	}
	if seconds > 0 {
		m.draw(fmt.Sprintf("%.4g Mpps back, %d missing", float64(received)/seconds/1e6, missing))
	}
}

// end reports that a trial has ended.
func (m *monitor) end(p bench.Progress, trials []result.Trial) {
	t := trials[len(trials)-1]
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &m.snapshot
	s.Trials++
	m.ended, m.lost = sums(m.ended, t), &t.LossRatio
	m.running = result.Trial{}
	s.Phase, s.Requested, s.Interfaces = "", 0, t.Interfaces
	if m.terminal {
		return
	}
	args := []any{
		"phase", t.Phase, "frame", t.Frame, "seconds", round(t.Seconds),
		"requestedMpps", "max", "receivedMpps", round(t.Received.Mpps), "lossRatio", round(t.LossRatio),
	}
	if t.Requested.Mpps != nil {
		args[7] = round(*t.Requested.Mpps)
	}
	for _, bound := range []struct {
		name string
		of   float64
	}{{"lowerMpps", p.Lower}, {"upperMpps", p.Upper}} {
		if bound.of > 0 { // else there is none yet
			args = append(args, bound.name, round(bound.of/1e6))
		}
	}
	if p.Goal != "" {
		args = append(args, "goal", p.Goal)
	}
	for _, left := range []struct {
		name string
		of   time.Duration
	}{{"left", p.Left}, {"atMost", p.Most}} {
		if of := left.of - time.Since(m.began); of > time.Second/2 {
			args = append(args, left.name, of.Round(time.Second).String())
		}
	}
	if !t.Valid {
		args = append(args, "invalid", t.Reason)
	}
	m.log.Info("trial", args...)
}

// tell prints whole lines: on a terminal above the line that is redrawn.
func (m *monitor) tell(msg string, lines ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range lines {
		if m.terminal {
			fmt.Fprintf(m.out, "\r%s\x1b[K\n", line)
		} else {
			m.log.Info(msg, "text", line)
		}
	}
}

// round leaves six digits, enough for an eye.
func round(v float64) string { return fmt.Sprintf("%.6g", v) }

// draw redraws the line. The lock is held.
func (m *monitor) draw(now string) {
	if !m.terminal {
		return
	}
	p := m.progress
	frame := p.Frame.Name
	if p.Frame.Mix == nil {
		frame += " B"
	}
	if m.of > 1 {
		frame += fmt.Sprintf(" (%d of %d)", m.nth, m.of)
	}
	rate := "max"
	if p.Rate > 0 {
		rate = result.RateText(p.Rate / 1e6)
	}
	lost, interval, about, until := "", "", "", ""
	if m.lost != nil {
		lost = fmt.Sprintf("last lost %.3g %%", 100**m.lost)
	}
	switch lower, upper := result.RateText(p.Lower/1e6), result.RateText(p.Upper/1e6); {
	case p.Lower > 0 && p.Upper > 0:
		_, unit, _ := strings.Cut(upper, " ")
		interval = strings.TrimSuffix(lower, " "+unit) + "-" + upper
	case p.Lower > 0:
		interval = "from " + lower
	case p.Upper > 0:
		interval = "below " + upper
	}
	ago := time.Since(m.began)
	if p.Left > ago && p.Left != p.Most {
		about = "about " + (p.Left - ago).Round(time.Second).String()
	}
	if p.Most > ago {
		until = "at most " + (p.Most - ago).Round(time.Second).String()
	}
	parts := []string{p.Phase, p.Goal, frame, rate, now, lost, interval, about, until}
	fmt.Fprintf(m.out, "\r%s\x1b[K", fitting(parts, 4, 3, 0, 7, 5))
}

// fitting joins the parts that are not empty to a line. If the line is too long for a
// row, it leaves out the parts with the indexes in spared, one after the other, until the
// line fits.
func fitting(parts []string, spared ...int) string {
	line := func() string {
		return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), " | ")
	}
	for _, i := range spared {
		if len([]rune(line())) <= columns {
			break
		}
		parts[i] = ""
	}
	return oneRow(line())
}

// columns is how many columns a line can have on the narrowest terminal, beside the
// cursor.
const columns = 79

// oneRow cuts a line to one row of a terminal: a line that goes on in the next row could
// not be redrawn.
func oneRow(line string) string {
	if runes := []rune(line); len(runes) > columns {
		return string(runes[:columns-1]) + "…"
	}
	return line
}

// close ends the line.
func (m *monitor) close() {
	m.setEnded()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.terminal && !m.began.IsZero() {
		fmt.Fprint(m.out, "\r\x1b[K")
	}
}
