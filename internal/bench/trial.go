// Package bench has the methods of measurement, such as NDR, Latency and Burst: they
// choose the trials, judge each one, and work out the figures. It neither sends packets
// nor writes output: a Path carries the trials (internal/traffic has one), and package
// report renders the result.
//
// To add a method, start at Runner and at Fixed, which is the shortest method.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/podnet/podnet/internal/result"
)

// Trial is one interval of sending.
type Trial struct {
	Mix  result.Mix
	Rate float64 // packets per second over all directions; 0 is as fast as it goes
	// Duration is how long to send.
	Duration time.Duration
	// Packets, if not 0, is how many packets to send. It overrides Duration.
	Packets uint64
	// Window, if not 0, cuts the trial into windows of this length; those with
	// loss are reported.
	Window time.Duration
	// Partial, if not nil, gets the counts so far after each window. If it returns an
	// error, the trial ends.
	Partial func(Counts) error
}

// Schedule is how many packets the trial is to send; 0: as many as it can.
func (t Trial) Schedule() uint64 {
	if t.Packets > 0 {
		return t.Packets
	}
	return uint64(math.Round(t.Rate * t.Duration.Seconds()))
}

// Counts are a trial's counters after the sending has ended and every packet on its
// way has arrived or is lost.
type Counts struct {
	Offered    uint64         // what the schedule asked for; at the maximum rate what was sent
	Sent       uint64         // what the port took
	Refused    uint64         // what the port had no room for
	Received   uint64         // this trial's packets that came back, each once
	Duplicates uint64         // packets that came once more
	Reordered  uint64         // packets that came after a later one of their flow
	Missing    uint64         // numbers below the highest of their flow that have not come
	Other      uint64         // packets that were not this trial's, or changed on the way
	Changed    result.Changed // this trial's packets that changed on the way: part of Other
	Active     time.Duration  // how long packets were sent
	Late       uint64         // what was offered more than 100 us after its time
	MaxLate    time.Duration  // by how much the latest was
	Absent     *Absence       // nil: both ends were there all the time

	// In nanoseconds; nil: not measured. At a set rate ScheduledRTT is from when the
	// packets should have been sent, and Lateness is how late they were.
	RTT, ScheduledRTT, Lateness, Gaps *hdrhistogram.Histogram

	Bursts []result.BurstLength // at a set rate

	TxQueues   []result.TxQueue
	RxQueues   []result.RxQueue
	Directions []result.Direction // of a trial both ways
	Windows    []result.Window    // with loss, the first of them
	// WindowsOmitted counts further windows with loss.
	WindowsOmitted uint64
	Machine        result.Machine
	Interfaces     []result.Interface
}

// Path carries trials. When ctx ends before the trial does, Trial returns what
// it counted until then.
type Path interface {
	Trial(ctx context.Context, t Trial) (Counts, error)
}

// Progress says where a method is.
type Progress struct {
	Phase        string        // the trial's
	Goal         string        // that a search is after; empty: none
	Frame        result.Frame  // what is sent
	Rate         float64       // of the trial that begins, packets per second; 0: maximum
	Lower, Upper float64       // the interval that a search has come to, packets per second; 0: not known
	Left         time.Duration // of trials, with the one that begins, if none is repeated; 0: not known
	Most         time.Duration // of trials, with the one that begins, at most; 0: without a bound
}

// Runner carries out the trials of a measurement.
type Runner struct {
	Path Path
	Mix  result.Mix
	// MaxRate is the highest rate that a method tries, in packets per second over all
	// directions. If it is 0, a method that needs it measures and sets it.
	MaxRate float64
	// LineRate is the sum of all directions, in bits per second; 0: not known.
	LineRate float64
	// Warmup is how long to send before the first trial, at the same rate.
	Warmup time.Duration
	// Begin is called when a trial begins. End is called when it has ended, with the
	// measurement's trials so far; if End returns an error, the measurement ends.
	Begin func(Progress)
	End   func(Progress, []result.Trial) error
	// Partial, if not nil, gets the trials so far after every window of a soak. The
	// last of them still goes on. If it returns an error, the measurement ends.
	Partial func([]result.Trial) error
	// Now is the clock of the trials' times; nil: time.Now.
	Now func() time.Time

	trials []result.Trial
	times  []distribution // of each trial
	warm   bool
	kept   float64       // highest rate of a valid trial
	limit  time.Duration // of a search's trials; 0: none
	later  time.Duration // of the trials after a search, if none is repeated
	spent  time.Duration // that the trials were to take so far
}

// retries is how often a trial that is not valid is repeated at once.
const retries = 5

// ErrStopped means that a measurement was stopped before its end.
var ErrStopped = errors.New("it was stopped before its time")

// ErrGenerator means that a measurement could not be made because no trial at a
// rate was valid.
var ErrGenerator = errors.New("no trial was valid")

// trial carries out one trial, and repeats it if it is not valid. It returns ErrStopped
// when ctx ends first, and ErrGenerator when no repetition is valid.
func (r *Runner) trial(ctx context.Context, p Progress, t Trial) (got result.Trial, err error) {
	for range 1 + retries {
		if got, err = r.once(ctx, p, t); err != nil || got.Valid {
			return got, err
		}
		if p.Most > 0 {
			p.Most -= t.Duration
		}
	}
	remedy := "lower --max-rate"
	if t.Rate <= r.kept {
		remedy = "the generator kept up with as much before: give it CPUs that nothing else runs on"
	}
	return got, fmt.Errorf("%w of %d at %.6g Mpps: %s; %s", ErrGenerator, 1+retries, t.Rate/1e6, got.Reason, remedy)
}

// once carries out one trial, after the warm-up if it is the first. It returns
// ErrStopped when ctx ends first; what was counted until then is kept.
func (r *Runner) once(ctx context.Context, p Progress, t Trial) (result.Trial, error) {
	t.Mix, p.Frame, p.Rate = r.Mix, r.Mix.Frame(), t.Rate
	p = r.bounded(p)
	if err := r.warmUp(ctx, p, t); err != nil {
		return result.Trial{}, err
	}
	if ctx.Err() != nil {
		return result.Trial{}, ErrStopped
	}
	if r.Begin != nil {
		r.Begin(p)
	}
	started := r.now()
	r.spent += t.Duration
	if t.Window > 0 && r.Partial != nil {
		t.Partial = r.partial(p, t, started)
	}
	c, err := r.Path.Trial(ctx, t)
	if err != nil && c.Offered == 0 {
		return result.Trial{}, err
	}
	got := Summarize(t, c)
	got.Phase, got.Started = p.Phase, started
	r.times = append(r.times, newDistribution(c))
	stopped := ctx.Err() != nil
	if stopped {
		got.Limited([]result.Limit{{Code: result.Stopped, Text: ErrStopped.Error()}})
	}
	if err != nil {
		// A path that fails in the middle has carried something before.
		got.Limited(append(got.Limits, result.Limit{Code: result.Failed, Text: err.Error()}))
		r.trials = append(r.trials, got)
		return got, err
	}
	if got.Valid {
		r.kept = max(r.kept, t.Rate)
	}
	r.trials = append(r.trials, got)
	if r.End != nil {
		if err := r.End(p, r.trials); err != nil {
			return got, err
		}
	}
	if stopped {
		return got, ErrStopped
	}
	return got, nil
}

// tries is the longest time of trials that take so long without repetitions.
func tries(d time.Duration) time.Duration { return (1 + retries) * d }

// bounded limits the time left by a search's limit, and adds the trials after the search.
func (r *Runner) bounded(p Progress) Progress {
	if r.limit > 0 {
		p.Most = r.limit - r.spent
	}
	if p.Left > 0 {
		p.Left += r.later
	}
	if p.Most > 0 {
		p.Most += tries(r.later)
	}
	return p
}

// WarmUp is the phase in which nothing is measured.
const WarmUp = "warm-up"

// warmUp sends before the first trial, at its rate.
func (r *Runner) warmUp(ctx context.Context, p Progress, t Trial) error {
	if r.warm || r.Warmup <= 0 || ctx.Err() != nil {
		return nil
	}
	r.warm = true
	t.Duration, t.Packets, t.Window, p.Phase = r.Warmup, 0, 0, WarmUp
	if p.Left > 0 {
		p.Left += r.Warmup
	}
	if p.Most > 0 {
		p.Most += r.Warmup
	}
	if r.Begin != nil {
		r.Begin(p)
	}
	if _, err := r.Path.Trial(ctx, t); err != nil {
		return fmt.Errorf("warm-up: %w", err)
	}
	return nil
}

func (r *Runner) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// measurement returns the measurement so far. If err is not nil, it is the reason why there
// is no more; an error that is not about the measurement itself is returned.
func (r *Runner) measurement(err error) (result.Measurement, error) {
	m := result.Measurement{Frame: r.Mix.Frame(), Repeat: 1, Complete: true, Valid: true, Trials: r.trials, Discarded: discarded(r.trials)}
	if m.Trials == nil {
		m.Trials = []result.Trial{}
	}
	switch {
	case errors.Is(err, ErrStopped):
		m.Complete, m.Valid, m.Reason = false, false, ErrStopped.Error()
	case errors.Is(err, ErrGenerator):
		m.Valid, m.Reason = false, err.Error()
	case err != nil:
		m.Complete, m.Valid, m.Reason = false, false, err.Error()
		return m, err
	}
	return m, nil
}

// Summarize turns a trial's counts into its report.
func Summarize(t Trial, c Counts) result.Trial {
	size := t.Mix.Mean()
	r := result.Trial{
		Seconds:    c.Active.Seconds(),
		Frame:      t.Mix.Frame().Name,
		Requested:  result.NewTarget(t.Rate, size),
		Offered:    c.Offered,
		Sent:       result.NewTraffic(c.Sent, size, c.Active),
		Received:   result.NewTraffic(c.Received, size, c.Active),
		TxRefused:  c.Refused,
		Duplicates: c.Duplicates,
		Reordered:  c.Reordered,
		RxOther:    c.Other,
		Changed:    c.Changed,
		RTT:        NewRTT(c.RTT),
		Late:       c.Late,
		TxQueues:   c.TxQueues,
		RxQueues:   c.RxQueues,
		MaxLateUs:  float64(c.MaxLate) / 1e3,
		Directions: c.Directions,
		Windows:    c.Windows,
		Machine:    c.Machine,
		Interfaces: c.Interfaces,
	}
	if c.Received < c.Offered {
		r.Lost = c.Offered - c.Received
		r.LossRatio = float64(r.Lost) / float64(c.Offered)
	}
	if t.Rate > 0 {
		r.ScheduledRTT, r.Lateness = NewRTT(c.ScheduledRTT), NewRTT(c.Lateness)
		r.Gaps, r.Bursts = NewRTT(c.Gaps), c.Bursts
	}
	r.Limited(limits(t, c))
	return r
}
