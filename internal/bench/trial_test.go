package bench

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
)

func TestSummarize(t *testing.T) {
	r := Summarize(Trial{Mix: result.OneSize(64), Rate: 1e6, Duration: time.Second}, Counts{
		Offered: 1e6, Sent: 999_000, Refused: 1000, Received: 990_000, Duplicates: 2, Reordered: 3, Other: 4,
		Active: time.Second, Late: 5, MaxLate: 150 * time.Microsecond,
	})
	if r.Lost != 10_000 || r.LossRatio != 0.01 || r.TxRefused != 1000 || r.Duplicates != 2 || r.Reordered != 3 || r.RxOther != 4 ||
		r.Late != 5 || r.MaxLateUs != 150 || r.RTT != nil || !r.Valid || *r.Requested.Mpps != 1 || r.Frame != "64" {
		t.Errorf("trial: %+v", r)
	}
	if r.Received.Mpps != 0.99 || r.Received.GbpsL2 != 0.99e6*64*8/1e9 || r.Received.GbpsL1 != 0.99e6*84*8/1e9 {
		t.Errorf("rates: %+v", r.Received)
	}
	if r := Summarize(Trial{Mix: result.OneSize(64), Duration: time.Second}, Counts{Offered: 5, Sent: 5, Received: 5, Active: time.Second}); r.Requested.Mpps != nil || !r.Valid {
		t.Errorf("at the maximum rate: %+v", r)
	}
}

func TestSummarizeValid(t *testing.T) {
	trial := Trial{Mix: result.OneSize(64), Rate: 1e6, Duration: time.Second}
	burst := Trial{Mix: result.OneSize(64), Rate: 1e6, Duration: time.Second, Packets: 500_000}
	for _, tt := range []struct {
		name   string
		trial  Trial
		counts Counts
		want   string // in the reason; empty: valid
	}{
		{"all is well", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 1e6}, ""},
		{"everything lost", trial, Counts{Offered: 1e6, Sent: 1e6}, ""},
		{"full rings are the path's loss", trial, Counts{Offered: 1e6, Sent: 5e5, Refused: 5e5, Received: 5e5}, ""},
		{"more than was sent", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 1e6 + 1}, ""},
		{"everything refused", trial, Counts{Offered: 1e6, Refused: 1e6}, ""},
		{"nothing offered", trial, Counts{}, "nothing could be sent"},
		{"a part of a packet", Trial{Mix: result.OneSize(64), Rate: 10.04, Duration: 10 * time.Second}, Counts{Offered: 100, Sent: 100, Received: 100}, ""},
		{"dropped by the own port", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 999_000, Machine: result.Machine{RxMissed: 900, RxNoMbuf: 100}}, "own ports dropped 1000"},
		{"more lost than the own port dropped", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 998_000, Machine: result.Machine{RxMissed: 900}}, ""},
		{"not offered", trial, Counts{Offered: 990_000, Sent: 990_000, Received: 990_000}, "it was the limit"},
		{"offered but for a few", trial, Counts{Offered: 999_000, Sent: 999_000, Received: 999_000}, ""},
		{"late but nothing lost", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 1e6, Late: 1e6}, ""},
		{"late and lost", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 998_000, Late: 2001, MaxLate: time.Millisecond}, "late with 2001 packets, by up to 1ms"},
		{"late, but more was lost", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 990_000, Late: 2001}, ""},
		{"late by less than a burst", trial, Counts{Offered: 1e6, Sent: 1e6, Received: 998_000, Late: 2001, MaxLate: 60 * time.Microsecond}, ""},
		{"a whole burst", burst, Counts{Offered: 500_000, Sent: 500_000, Received: 500_000}, ""},
		{"not a whole burst", burst, Counts{Offered: 400_000, Sent: 400_000, Received: 400_000}, "400000 of 500000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.counts.Active = time.Second
			r := Summarize(tt.trial, tt.counts)
			if r.Valid != (tt.want == "") || !strings.Contains(r.Reason, tt.want) {
				t.Errorf("valid %v because %q, want %q", r.Valid, r.Reason, tt.want)
			}
		})
	}
}

// fakePath answers trials with prepared counts.
type fakePath struct {
	counts []Counts
	err    error
	trials []Trial
	during func() // each trial
}

func (p *fakePath) Trial(_ context.Context, t Trial) (Counts, error) {
	p.trials = append(p.trials, t)
	if p.during != nil {
		p.during()
	}
	if t.Partial != nil {
		if err := t.Partial(Counts{Offered: 10, Sent: 9, Received: 3, Refused: 1, Missing: 2}); err != nil {
			return Counts{}, err
		}
	}
	if p.err != nil {
		return Counts{}, p.err
	}
	return p.counts[len(p.trials)-1], nil
}

var (
	aSecond = Counts{Offered: 1e6, Sent: 999_000, Refused: 1000, Received: 990_000, Active: time.Second}
	tooFew  = Counts{Offered: 9e5, Sent: 9e5, Received: 9e5, Active: time.Second}
)

func TestFixed(t *testing.T) {
	p := &fakePath{counts: []Counts{{Sent: 1}, aSecond}}
	var begun []string
	var ended []result.Trial
	now := time.Unix(1e9, 0)
	r := &Runner{
		Path: p, Mix: result.OneSize(64), Warmup: 100 * time.Millisecond, Now: func() time.Time { return now },
		Begin: func(p Progress) { begun = append(begun, p.Phase) },
		End:   func(_ Progress, trials []result.Trial) error { ended = trials; return nil },
	}
	m, err := Fixed(t.Context(), r, 1e6, time.Second, 0)
	if err != nil || !m.Valid || !m.Complete || m.Repeat != 1 || m.Frame.Name != "64" {
		t.Fatalf("%+v, %v", m, err)
	}
	want := []Trial{{Mix: result.OneSize(64), Rate: 1e6, Duration: 100 * time.Millisecond}, {Mix: result.OneSize(64), Rate: 1e6, Duration: time.Second}}
	if diff := cmp.Diff(want, p.trials); diff != "" {
		t.Errorf("trials (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"warm-up", "measurement"}, begun); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(m.Trials, ended); diff != "" || len(ended) != 1 || ended[0].Lost != 10_000 || !ended[0].Started.Equal(now) || ended[0].Phase != "measurement" {
		t.Errorf("%+v, %s", ended, diff)
	}
}

func TestFixedNotValid(t *testing.T) {
	p := &fakePath{counts: []Counts{tooFew}}
	m, err := Fixed(t.Context(), &Runner{Path: p, Mix: result.OneSize(64)}, 1e6, time.Second, 0)
	if err != nil || m.Valid || !m.Complete || len(p.trials) != 1 || !strings.Contains(m.Reason, "it was the limit") {
		t.Errorf("%+v, %v in %d trials, want what was measured, marked", m, err, len(p.trials))
	}
}

func TestFixedStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &fakePath{counts: []Counts{{Offered: 5, Sent: 5, Received: 5, Active: time.Second}}, during: cancel}
	m, err := Fixed(ctx, &Runner{Path: p, Mix: result.OneSize(64)}, 0, time.Minute, 0)
	if err != nil || m.Valid || m.Complete || m.Reason != "it was stopped before its time" || m.Trials[0].Received.Packets != 5 {
		t.Errorf("%+v, error %v, want what was measured, marked", m, err)
	}
	m, err = Fixed(ctx, &Runner{Path: p, Mix: result.OneSize(64), Warmup: time.Second}, 0, time.Minute, 0)
	if err != nil || m.Complete || len(m.Trials) != 0 || len(p.trials) != 1 {
		t.Errorf("%+v, error %v, want nothing to begin", m, err)
	}
}

func TestFixedErrors(t *testing.T) {
	for _, warmup := range []time.Duration{0, time.Second} {
		p := &fakePath{err: errBroken}
		m, err := Fixed(t.Context(), &Runner{Path: p, Mix: result.OneSize(64), Warmup: warmup}, 1, time.Second, 0)
		if !errors.Is(err, errBroken) || m.Complete || m.Valid || m.Reason == "" {
			t.Errorf("%+v, %v, want the path's error", m, err)
		}
	}
	full := errors.New("disk full")
	r := &Runner{Path: &fakePath{counts: []Counts{aSecond}}, Mix: result.OneSize(64), End: func(Progress, []result.Trial) error { return full }}
	m, err := Fixed(t.Context(), r, 1e6, time.Second, 0)
	if !errors.Is(err, full) || m.Complete || len(m.Trials) != 1 {
		t.Errorf("%+v, %v, want the error of End, and the trial", m, err)
	}
}

func TestSoak(t *testing.T) {
	var partial []result.Trial
	p := &fakePath{counts: []Counts{aSecond}}
	r := &Runner{Path: p, Mix: result.OneSize(64), Partial: func(trials []result.Trial) error {
		partial = trials
		return nil
	}}
	m, err := Fixed(t.Context(), r, 1e6, time.Second, 10*time.Millisecond)
	if err != nil || !m.Valid || p.trials[0].Window != 10*time.Millisecond || len(m.Trials) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	// What has not come back of a trial that goes on is not lost yet.
	if len(partial) != 1 || partial[0].Valid || partial[0].Lost != 2 || partial[0].LossRatio != 0.2 || partial[0].Phase != "measurement" {
		t.Errorf("in between: %+v", partial)
	}
	r = &Runner{Path: &fakePath{}, Mix: result.OneSize(64), Partial: func([]result.Trial) error { return errBroken }}
	if _, err := Fixed(t.Context(), r, 1e6, time.Second, time.Second); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want that of Partial", err)
	}
}

// A trial that the generator spoiled is repeated.
func TestTrialRepeated(t *testing.T) {
	p := &fakePath{counts: []Counts{tooFew, tooFew, aSecond}}
	r := &Runner{Path: p, Mix: result.OneSize(64)}
	got, err := r.trial(t.Context(), Progress{}, Trial{Rate: 1e6, Duration: time.Second})
	if err != nil || !got.Valid || len(r.trials) != 3 || r.trials[1].Valid {
		t.Errorf("%+v, %v", got, err)
	}
}

// The warm-up is before the first trial only, and not one of them.
func TestWarmUpOnce(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	r := d.runner()
	r.Warmup = 100 * time.Millisecond
	m, err := Loss(t.Context(), r, LossConfig{Step: 0.1, Trial: time.Second})
	if err != nil || len(d.trials) != len(m.Trials)+1 || d.trials[0].Duration != r.Warmup || d.trials[0].Rate != 10e6 {
		t.Errorf("%d trials, %d of them reported, %v", len(d.trials), len(m.Trials), err)
	}
}

func TestFindMaximum(t *testing.T) {
	none := func(float64) float64 { return 0 }
	for _, tt := range []struct {
		name   string
		change func(Trial, *Counts) error
		want   float64
		trials int
	}{
		{"the path is the limit", nil, 25e6, 13},
		{"the generator is the limit", late(flatOut), 19e6, 13},
	} {
		d := newDevice(none, 0, 1)
		d.change = tt.change
		r := d.runner()
		r.MaxRate = 0
		m, err := NDR(t.Context(), r, NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
		if err != nil || !m.Valid || math.Abs(r.MaxRate-tt.want) > 1 || m.Goals[0].Status != result.AboveMaximum || len(d.trials) != tt.trials {
			t.Errorf("%s: %g after %d trials, valid %v (%s), %v", tt.name, r.MaxRate, len(d.trials), m.Valid, m.Reason, err)
		}
	}
	d := newDevice(none, 0, 1)
	d.change = func(_ Trial, c *Counts) error { *c = Counts{}; return nil }
	r := d.runner()
	r.MaxRate = 0
	m, err := Loss(t.Context(), r, LossConfig{Step: 0.1, Trial: time.Second})
	if err != nil || m.Valid || !strings.Contains(m.Reason, "nothing could be sent") {
		t.Errorf("a path that takes nothing: %+v, %v", m, err)
	}
}
