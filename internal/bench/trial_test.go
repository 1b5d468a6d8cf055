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

// A trial is valid or not by its counts, and says why in these words. Neither the
// number of lost packets nor the trial's length matters.
func TestSummarizeValid(t *testing.T) {
	trial := Trial{Mix: result.OneSize(64), Rate: 1e6, Duration: time.Second}
	minute := Trial{Mix: result.OneSize(64), Rate: 1e6, Duration: time.Minute}
	burst := Trial{Mix: result.OneSize(64), Rate: 1e6, Duration: time.Second / 2, Packets: 500_000}
	short := Trial{Mix: result.OneSize(64), Rate: 1e7, Duration: 10 * time.Microsecond, Packets: 100}
	slow := Trial{Mix: result.OneSize(64), Rate: 500, Duration: 200 * time.Millisecond}
	flat := Trial{Mix: result.OneSize(64), Duration: time.Second}
	all := Counts{Offered: 1e6, Sent: 1e6, Received: 1e6, Active: time.Second}
	with := func(c Counts, change func(*Counts)) Counts {
		change(&c)
		return c
	}
	// held gives counts of a generator that was held up until this many packets were
	// due on a ring of that size.
	held := func(c Counts, backlog uint64, ring int) Counts {
		return with(c, func(c *Counts) {
			c.TxQueues = []result.TxQueue{{Interface: "net1", Lcore: 1, Ring: ring, Backlog: backlog}}
		})
	}
	ran := func(c Counts, percent float64, throttled time.Duration) Counts {
		ms := throttled.Seconds() * 1e3
		return with(c, func(c *Counts) {
			c.Machine = result.Machine{ThrottledMs: &ms, Threads: []result.Thread{
				{Lcore: result.Lcore{ID: 1}, RunPercent: percent}, {Lcore: result.Lcore{ID: 2}, RunPercent: 99},
			}}
		})
	}
	type codes = []result.LimitCode
	for _, tt := range []struct {
		name   string
		trial  Trial
		counts Counts
		limits codes
		words  string // in the reason
	}{
		{"all is well", trial, all, nil, ""},
		{"everything lost", trial, with(all, func(c *Counts) { c.Received = 0 }), nil, ""},
		{"full rings are the path's loss", trial, with(all, func(c *Counts) { c.Sent, c.Refused, c.Received = 5e5, 5e5, 5e5 }), nil, ""},
		{"more than was sent", trial, with(all, func(c *Counts) { c.Received++ }), nil, ""},
		{"nothing offered", trial, Counts{}, codes{result.NothingSent, result.NotOffered}, "nothing could be sent"},
		{"a part of a packet", Trial{Mix: result.OneSize(64), Rate: 10.04, Duration: 10 * time.Second}, Counts{Offered: 100, Sent: 100, Received: 100, Active: 10 * time.Second}, nil, ""},
		{"a packet short", trial, with(all, func(c *Counts) { c.Offered, c.Sent = 999_999, 999_999 }), codes{result.NotOffered}, "999999 of 1000000 packets in time: it was the limit, not the path"},
		{"a whole burst", burst, Counts{Offered: 500_000, Sent: 500_000, Received: 500_000, Active: time.Second / 2}, nil, ""},
		{"not a whole burst", burst, Counts{Offered: 400_000, Sent: 400_000, Received: 400_000, Active: time.Second / 2}, codes{result.NotOffered}, "400000 of 500000"},
		{"a burst that ends between two looks at the clock", short, Counts{Offered: 100, Sent: 100, Received: 100, Active: 30 * time.Microsecond}, nil, ""},

		// The rows of the audit: what was called valid.
		{"held up for 0.4 s, nothing lost", Trial{Mix: result.OneSize(64), Rate: 1e5, Duration: 4 * time.Second}, held(Counts{Offered: 4e5, Sent: 4e5, Received: 4e5, Active: 4 * time.Second}, 40_000, 1024), codes{result.Behind}, "lcore 1 was behind by 40000 packets at the worst moment, and queue 0 of net1 has room for 1024"},
		{"twice as long as it should be, nothing lost", slow, Counts{Offered: 100, Sent: 100, Received: 100, Active: 430 * time.Millisecond}, codes{result.TooSlow}, "took 430 ms for the packets of 200 ms"},
		{"0.3 ms at 10 Mpps", trial, held(all, 3000, 1024), codes{result.Behind}, ""},
		{"0.09 ms at 10 Mpps, a ring of 256", trial, held(all, 900, 256), codes{result.Behind}, ""},
		{"25 ms in a minute", minute, held(Counts{Offered: 6e7, Sent: 6e7, Received: 6e7, Active: time.Minute}, 25_000, 1024), codes{result.Behind}, ""},
		{"as many as the ring takes", trial, held(all, 1024, 1024), nil, ""},
		{"a ring that is smaller than it says", trial, with(held(all, 900, 1024), func(c *Counts) { c.TxQueues[0].RefusedCatchingUp = 31 }), codes{result.RefusedCatchingUp}, "queue 0 of net1 refused 31"},
		{"half of its CPU, and late", trial, ran(held(all, 8000, 1024), 49, 0), codes{result.CPUShare, result.Behind}, "lcore 1 had its CPU 49 % of the time; lcore 1 was behind"},
		{"half of its CPU, and punctual", trial, ran(all, 49, 0), nil, ""},
		{"half of its CPU at the maximum rate", flat, ran(all, 49, 0), codes{result.CPUShare}, "lcore 1 had its CPU 49 % of the time"},
		{"its CPU at the maximum rate", flat, ran(all, 95, 0), nil, ""},
		{"throttled at the maximum rate", flat, ran(all, 98, 2700*time.Millisecond), codes{result.Throttled}, "throttled for 2.7 s"},
		{"throttled, and late", trial, ran(held(all, 95_000, 256), 10, 900*time.Millisecond), codes{result.Throttled, result.CPUShare, result.Behind}, "throttled for 900 ms; lcore 1"},
		{"a peer that went", flat, with(all, func(c *Counts) { c.Absent = &Absence{"the peer /run/a.sock", 4 * time.Second} }), codes{result.PeerAbsent}, "the peer /run/a.sock went away at 4.0 s"},
		{"a peer that never came", trial, with(all, func(c *Counts) { c.Absent = &Absence{What: "the peer /run/a.sock"} }), codes{result.PeerAbsent}, "the peer /run/a.sock was not there"},
		{"dropped by an own port", trial, with(all, func(c *Counts) {
			c.Interfaces = []result.Interface{{Name: "net1"}, {Name: "net2", Counters: result.Counters{RxMissed: 900, RxNoMbuf: 100}}}
		}), codes{result.OwnDrops}, "net2 dropped 1000 packets"},
		{"not polled for 3 ms at 1 Mpps", trial, with(all, func(c *Counts) {
			c.RxQueues = []result.RxQueue{{Interface: "net2", Lcore: 2, Ring: 1024, GapUs: 1000, Gap: 1000}, {Interface: "net2", Queue: 1, Lcore: 1, Ring: 1024, GapUs: 3000, Gap: 3000}}
		}), codes{result.PollGap}, "lcore 1 did not poll queue 1 of net2 for 3 ms, which has room for 1024 packets, and 3000 were sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, received := range []uint64{tt.counts.Received, 0, tt.counts.Offered} {
				tt.counts.Received = received
				r := Summarize(tt.trial, tt.counts)
				var got codes
				for _, l := range r.Limits {
					got = append(got, l.Code)
				}
				if diff := cmp.Diff(tt.limits, got); diff != "" || r.Valid != (len(got) == 0) || !strings.Contains(r.Reason, tt.words) {
					t.Errorf("%d received: valid %v because %q, limits (-want +got):\n%s", received, r.Valid, r.Reason, diff)
				}
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
	// Packets that have not come back are not lost while the trial goes on.
	if len(partial) != 1 || partial[0].Valid || partial[0].Lost != 2 || partial[0].LossRatio != 0.2 || partial[0].Phase != "measurement" {
		t.Errorf("in between: %+v", partial)
	}
	r = &Runner{Path: &fakePath{}, Mix: result.OneSize(64), Partial: func([]result.Trial) error { return errBroken }}
	if _, err := Fixed(t.Context(), r, 1e6, time.Second, time.Second); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want Partial's", err)
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
