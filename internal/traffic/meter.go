package traffic

import (
	"context"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/machine"
	"github.com/podnet/podnet/internal/result"
)

// After the sending has ended, a trial waits for the packets on their way: firstArrival for
// the first of them (RFC 2544, section 23), then until none has come for arrivalQuiet, or
// for duplicateQuiet if all have come. It waits for arrivalLimit at most, or for
// stoppedLimit if the run has to stop.
const (
	firstArrival   = 2 * time.Second
	arrivalQuiet   = 200 * time.Millisecond
	duplicateQuiet = 20 * time.Millisecond
	arrivalLimit   = 5 * time.Second
	stoppedLimit   = 300 * time.Millisecond
)

// maxWindows is how many windows with loss a trial keeps.
const maxWindows = 3600

// settle waits until everything sent has been received, or nothing more has been
// for a while.
func settle(ctx context.Context, sum func() bench.Counts) {
	var last bench.Counts
	since := time.Now()
	end, stopped := since.Add(arrivalLimit), false
	for ; time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if !stopped && ctx.Err() != nil {
			stopped, end = true, time.Now().Add(stoppedLimit)
		}
		c := sum()
		quiet := arrivalQuiet
		switch {
		case c.Received >= c.Sent:
			quiet = duplicateQuiet
		case c.Received == 0:
			quiet = firstArrival
		}
		switch {
		case c.Received != last.Received || c.Duplicates != last.Duplicates:
			last, since = c, time.Now()
		case time.Since(since) > quiet:
			return
		}
	}
}

// meter reads what a trial counts while it runs.
type meter struct {
	p        *Path
	run      *tally
	trial    bench.Trial
	sending  *machine.Sample // when the sending ended; nil: it goes on
	sampler  *machine.Sampler
	begin    machine.Sample
	last     bench.Counts
	lastAt   machine.Sample
	lastTime time.Time
	windows  []result.Window
	omitted  uint64
	ended    bool // what has not come now is lost
}

func newMeter(p *Path, run *tally, t bench.Trial) *meter {
	return &meter{p: p, run: run, trial: t, sampler: run.sampler, begin: run.begin, lastAt: run.begin, lastTime: time.Now()}
}

// threads are the job's threads, once all have begun to run.
func threads(job *dpdk.Job) []machine.Thread {
	for end := time.Now().Add(time.Second); ; time.Sleep(100 * time.Microsecond) {
		var list []machine.Thread
		for _, t := range job.Threads() {
			if t.TID != 0 {
				list = append(list, machine.Thread{Lcore: result.Lcore{ID: t.ID, CPU: t.CPU}, TID: t.TID})
			}
		}
		if len(list) == len(job.Lcores()) || time.Now().After(end) {
			return list
		}
	}
}

// each calls f with the direction and the counters of each stream.
func (m *meter) each(f func(stream int, d int, c dpdk.Counters)) {
	for i, s := range m.run.streams {
		d := slices.IndexFunc(m.p.directions, func(d direction) bool {
			return s.Mode == dpdk.Verify && d.rx == s.rx || s.Mode == dpdk.Generate && d.tx == s.tx
		})
		f(i, d, m.run.job.Counters(i))
	}
}

// sent marks the end of sending. The machine's state no longer matters while the
// meter waits for the last packets.
func (m *meter) sent() {
	now := m.sampler.Sample()
	m.sending = &now
}

// sum adds up the streams' counters.
func (m *meter) sum() bench.Counts {
	var c bench.Counts
	m.each(func(_, _ int, s dpdk.Counters) {
		c.Offered += s.Offered
		c.Sent += s.TxPackets
		c.Refused += s.TxRefused
		c.Received += s.RxPackets
		c.Duplicates += s.Duplicates
		c.Reordered += s.Reordered
		c.Missing += s.Missing
		c.Other += s.RxOther + s.RxChanged()
		addChanged(&c.Changed, s)
		c.Late += s.Late
		c.MaxLate = max(c.MaxLate, s.MaxLate)
		c.Active = max(c.Active, s.Active)
	})
	if c.Offered == 0 { // no schedule: what was sent was asked for
		c.Offered = c.Sent
	}
	return c
}

// tick reads the counters, shows them, and keeps the time since the last tick as
// a window if it has lost packets.
func (m *meter) tick(ctx context.Context, now time.Time, windows bool) (bench.Counts, error) {
	c, err := m.read(ctx)
	if err != nil {
		return c, err
	}
	m.p.observer.Counted(now, c)
	if !windows {
		return c, nil
	}
	sample := m.sampler.Sample()
	// If a path carries nothing any more, no later number shows the missing ones. Then
	// all packets that were offered before this window and have not come are missing.
	due := m.last.Offered
	if m.ended {
		due = c.Offered
	}
	c.Missing = max(c.Missing, due-min(due, c.Received))
	if lost := c.Missing - min(c.Missing, m.last.Missing); lost > 0 || c.Refused > m.last.Refused {
		w := result.Window{
			Started: m.lastTime, Seconds: now.Sub(m.lastTime).Seconds(),
			Lost: lost, TxRefused: c.Refused - m.last.Refused, Offered: c.Offered - m.last.Offered,
			Machine: withPorts(m.lastAt.Until(sample), m.last.Interfaces, c.Interfaces),
		}
		if len(m.windows) < maxWindows {
			m.windows = append(m.windows, w)
		} else {
			m.omitted++
		}
	}
	m.last, m.lastAt, m.lastTime = c, sample, now
	c.Windows, c.WindowsOmitted = m.windows, m.omitted
	return c, nil
}

// read gives everything that is counted so far.
func (m *meter) read(ctx context.Context) (c bench.Counts, err error) {
	c = m.sum()
	c.Interfaces, err = m.run.read(ctx)
	c.Windows, c.WindowsOmitted = m.windows, m.omitted
	c.Absent = m.run.absent
	until := m.sending
	if until == nil {
		now := m.sampler.Sample()
		until = &now
	}
	c.Machine = withPorts(m.begin.Until(*until), nil, c.Interfaces)
	return c, err
}

// finish reads all counters once more, and also the times and the counts per direction,
// which are read only at the end.
func (m *meter) finish(ctx context.Context, windows bool) (bench.Counts, error) {
	if windows {
		m.ended = true
		if _, err := m.tick(ctx, time.Now(), true); err != nil {
			return bench.Counts{}, err
		}
	}
	c, err := m.read(ctx)
	c.RTT, c.ScheduledRTT = m.times(dpdk.RTT), m.times(dpdk.ScheduledRTT)
	c.Lateness, c.Gaps, c.Bursts = m.times(dpdk.Lateness), m.times(dpdk.Gaps), m.bursts()
	list := make([]result.Direction, len(m.p.directions))
	m.each(func(_, d int, s dpdk.Counters) {
		l := &list[d]
		l.Offered += s.Offered
		l.Sent += s.TxPackets
		l.TxRefused += s.TxRefused
		l.Received += s.RxPackets
		l.Duplicates += s.Duplicates
		l.Reordered += s.Reordered
	})
	m.each(func(i, d int, s dpdk.Counters) { m.queue(&c, i, list[d].Received, s) })
	if len(list) > 1 {
		for i, d := range m.p.directions {
			l := &list[i]
			l.TX, l.RX = m.p.dp.Ports[d.tx].Interface, m.p.dp.Ports[d.rx].Interface
			if l.Offered == 0 {
				l.Offered = l.Sent
			}
			l.Lost = l.Offered - min(l.Offered, l.Received)
		}
		c.Directions = list
	}
	return c, err
}

// withPorts adds what the ports dropped since before.
func withPorts(m result.Machine, before, now []result.Interface) result.Machine {
	for i, p := range now {
		var was result.Counters
		if before != nil {
			was = before[i].Counters
		}
		m.RxMissed += since(was.RxMissed, p.RxMissed)
		m.RxNoMbuf += since(was.RxNoMbuf, p.RxNoMbuf)
	}
	return m
}
