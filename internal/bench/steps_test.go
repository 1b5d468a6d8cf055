package bench

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/internal/result"
)

func TestLatency(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(t Trial, c *Counts) error {
		c.RTT = NewHistogram()
		return c.RTT.RecordValues(int64(t.Rate), int64(c.Received))
	}
	cfg := LatencyConfig{
		Search:    NDRConfig{Goals: DefaultGoals(), Trial: time.Second},
		Fractions: DefaultFractions(), Trial: 2 * time.Second,
	}
	m, err := Latency(t.Context(), d.runner(), cfg)
	if err != nil || !m.Valid || len(m.Goals) != 1 {
		t.Fatal(m, err)
	}
	base := m.Goals[0].Lower.Mpps
	var want []result.LoadLatency
	for i, name := range []string{"idle", "10% of NDR", "50% of NDR", "90% of NDR"} {
		fraction := []float64{0.001, 0.1, 0.5, 0.9}[i]
		want = append(want, result.LoadLatency{Load: name, Fraction: fraction, Rate: result.NewRate(fraction*base*1e6, 64)})
	}
	if diff := cmp.Diff(want, m.Latency, cmpopts.EquateApprox(1e-9, 0), cmpopts.IgnoreFields(result.LoadLatency{}, "RTT", "PDVUs")); diff != "" {
		t.Errorf("loads (-want +got):\n%s", diff)
	}
	for _, l := range m.Latency {
		if got, want := l.RTT.MaxUs, 1e3*l.Rate.Mpps; got < 0.99*want || got > 1.01*want || l.RTT.Packets == 0 {
			t.Errorf("%s: %g us, want %g", l.Load, got, want)
		}
		if high, _ := l.RTT.At(99.9); l.PDVUs == nil || *l.PDVUs != high-l.RTT.MinUs {
			t.Errorf("%s: a packet delay variation of %v us, want %g", l.Load, l.PDVUs, high-l.RTT.MinUs)
		}
	}
	for _, trial := range d.trials[len(d.trials)-4:] {
		if trial.Duration != 2*time.Second {
			t.Errorf("a load was measured for %s", trial.Duration)
		}
	}
}

func TestLatencyOfRate(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	cfg := LatencyConfig{Base: 8e6, Fractions: []float64{1}, Trial: time.Second}
	m, err := Latency(t.Context(), d.runner(), cfg)
	if err != nil || !m.Valid || len(d.trials) != 1 || m.Goals != nil {
		t.Fatal(m, err)
	}
	if l := m.Latency[0]; l.Load != "100% of 8 Mpps" || l.Rate.Mpps != 8 || l.Loss != 0.375 || l.RTT != nil {
		t.Errorf("%+v", l)
	}
}

// The result has the rounds of a load one by one, with their mean and standard deviation.
func TestLatencyRounds(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(_ Trial, c *Counts) error {
		c.RTT = NewHistogram()
		return c.RTT.RecordValues(int64(1000*len(d.trials)), 10) // 1 us, 2 us, 3 us
	}
	m, err := Latency(t.Context(), d.runner(), LatencyConfig{Base: 1e6, Fractions: []float64{1}, Trial: time.Second, Rounds: 3})
	if err != nil || !m.Valid || len(d.trials) != 3 || len(m.Latency) != 1 {
		t.Fatal(m, err)
	}
	l := m.Latency[0]
	if len(l.Rounds) != 3 || math.Abs(l.RoundsMeanUs-2) > 0.01 || math.Abs(l.RoundsSDUs-1) > 0.01 || l.RTT.MeanUs > 1.01 {
		t.Errorf("%+v", l)
	}
	if err := (LatencyConfig{Base: 1, Trial: 1, Rounds: -1, Fractions: []float64{1}}).Check(); err == nil {
		t.Error("-1 rounds pass")
	}
}

func TestLatencyWithoutBase(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0.1 }, 0, 1)
	cfg := LatencyConfig{Search: NDRConfig{Goals: DefaultGoals(), Trial: time.Second}, Fractions: []float64{1}, Trial: time.Second}
	m, err := Latency(t.Context(), d.runner(), cfg)
	if err != nil || m.Valid || !m.Complete || m.Latency != nil || !strings.Contains(m.Reason, "name a rate") {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestLoss(t *testing.T) {
	for _, tt := range []struct {
		capacity, step float64
		want           []float64 // losses, from the highest rate down
	}{
		{4.9e6, 0.1, []float64{0.51, 0.455556, 0.3875, 0.3, 0.183333, 0.02, 0, 0}},
		{20e6, 0.1, []float64{0, 0}},
		{9.6e6, 0.05, []float64{0.04, 0, 0}},
		{1.5e6, 0.1, []float64{0.85, 0.833333, 0.8125, 0.785714, 0.75, 0.7, 0.625, 0.5, 0.25, 0}},
	} {
		d := newDevice(monotonic[0].at(tt.capacity), 0, 1)
		m, err := Loss(t.Context(), d.runner(), LossConfig{Step: tt.step, Trial: time.Second})
		if err != nil || !m.Valid || !m.Complete {
			t.Fatal(m, err)
		}
		var want []result.LossStep
		for i, loss := range tt.want {
			fraction := 1 - float64(i)*tt.step
			want = append(want, result.LossStep{Fraction: fraction, Rate: result.NewRate(fraction*10e6, 64), LossRatio: loss})
		}
		if diff := cmp.Diff(want, m.Steps, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
	}
}

// A single trial without loss between two with loss does not end it.
func TestLossTwice(t *testing.T) {
	d := newDevice(func(rate float64) float64 {
		if rate > 8.5e6 && rate < 9.5e6 || rate < 6e6 {
			return 0
		}
		return 0.1
	}, 0, 1)
	m, err := Loss(t.Context(), d.runner(), LossConfig{Step: 0.1, Trial: time.Second})
	if err != nil || len(m.Steps) != 7 {
		t.Errorf("%d steps, %v, want 7", len(m.Steps), err)
	}
}

// A rate at which no trial is valid is marked, and those below it are measured.
func TestLossGeneratorTooSlow(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(t Trial, c *Counts) error {
		if len(d.trials) > 3 {
			return late(1e6)(t, c)
		}
		return nil
	}
	m, err := Loss(t.Context(), d.runner(), LossConfig{Step: 0.1, Trial: time.Second})
	if err != nil || m.Valid || !m.Complete || len(m.Steps) != 10 || !strings.Contains(m.Reason, "kept up with as much before") {
		t.Errorf("%d steps, complete %t, valid %t, %q, %v", len(m.Steps), m.Complete, m.Valid, m.Reason, err)
	}
	for i, s := range m.Steps {
		// It offers 1 Mpps at most, which is the lowest step.
		if limited := s.Limited != ""; limited != (i >= 3 && i < 9) {
			t.Errorf("step %d (%g): limited by %q", i, s.Fraction, s.Limited)
		}
	}
}

// A repetition in which the generator cannot make a burst is left out, and the others
// are made.
func TestBurstWithALateGenerator(t *testing.T) {
	d := newDevice(monotonic[0].at(20e6), 0, 1)
	d.change = func(t Trial, c *Counts) error {
		if len(d.trials) <= 1+retries {
			return late(1)(t, c)
		}
		return nil
	}
	m, err := Burst(t.Context(), d.runner(), BurstConfig{Longest: time.Second, Width: 0.01, Repeats: 3})
	if err != nil || m.Valid || !m.Complete || m.Burst == nil || len(m.Burst.Lengths) != 2 || !strings.Contains(m.Reason, "1 of 3 repetitions") {
		t.Errorf("complete %t, valid %t, %+v, %q, %v", m.Complete, m.Valid, m.Burst, m.Reason, err)
	}
}

// The whole distribution of times is kept of the trials that are an answer.
func TestTimesAreKept(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(t Trial, c *Counts) error {
		c.RTT = NewHistogram()
		return c.RTT.RecordValues(int64(t.Rate)+1, int64(c.Received))
	}
	m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for i, trial := range m.Trials {
		found := m.Goals[0].Found(trial) || m.Goals[1].Found(trial)
		if (trial.RTT.Histogram != "") != found {
			t.Errorf("trial %d at %g Mpps: kept %t", i, *trial.Requested.Mpps, !found)
		}
		if found {
			kept++
			h, err := hdrhistogram.Decode([]byte(trial.RTT.Histogram))
			if err != nil || h.TotalCount() != int64(trial.Received.Packets) {
				t.Errorf("trial %d: %v, %v, want %d packets", i, h, err, trial.Received.Packets)
			}
		}
	}
	if kept == 0 || kept == len(m.Trials) {
		t.Errorf("kept of %d of %d trials", kept, len(m.Trials))
	}
	d = newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(_ Trial, c *Counts) error {
		c.RTT, c.ScheduledRTT = NewHistogram(), NewHistogram()
		return errors.Join(c.RTT.RecordValue(5), c.ScheduledRTT.RecordValue(9))
	}
	m, err = Latency(t.Context(), d.runner(), LatencyConfig{Base: 1e6, Fractions: []float64{0.5, 1}, Trial: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Latency {
		actual, err := hdrhistogram.Decode([]byte(l.RTT.Histogram))
		scheduled, e := hdrhistogram.Decode([]byte(l.ScheduledRTT.Histogram))
		if err != nil || e != nil || actual.Max() != 5 || scheduled.Max() != 9 {
			t.Errorf("%s: %v, %v, %v, %v", l.Load, actual, scheduled, err, e)
		}
	}
	for _, trial := range m.Trials {
		if trial.RTT.Histogram != "" {
			t.Error("a load's distribution is there twice")
		}
	}
}

// buffer is a device with a buffer of so many frames that forwards at a rate.
func buffer(frames, rate float64) func(Trial, *Counts) error {
	return func(t Trial, c *Counts) error {
		if room := frames / (1 - rate/t.Rate); t.Rate > rate && float64(t.Packets) > room {
			c.Received = uint64(room)
		}
		return nil
	}
}

func TestBurst(t *testing.T) {
	none := func(float64) float64 { return 0 }
	for _, tt := range []struct {
		name         string
		frames, rate float64
		want         float64
		trials       int // at most
	}{
		// No repetition begins where the one before it ended.
		{"small", 100, 5e6, 200, 60},
		{"large", 30_000, 5e6, 60_000, 50},
		{"one frame", 1, 0, 1, 55},
		{"none", 0, 0, 0, 60},
		{"more than is tried", 1, 10e6, 20e6, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDevice(none, 0, 1)
			d.change = buffer(tt.frames, tt.rate)
			m, err := Burst(t.Context(), d.runner(), BurstConfig{Longest: 2 * time.Second, Width: 0.01, Repeats: 4})
			if err != nil || !m.Valid || m.Burst == nil {
				t.Fatal(m, err)
			}
			b := m.Burst
			if b.Frames > tt.want || b.Frames < 0.99*tt.want-1e-9 || len(b.Lengths) != 4 || b.Limit != 20e6 {
				t.Errorf("%+v, want %g frames", b, tt.want)
			}
			if len(d.trials) > tt.trials {
				t.Errorf("%d trials", len(d.trials))
			}
			for _, trial := range d.trials {
				if trial.Rate != 10e6 || trial.Packets == 0 || (trial.Duration.Seconds()-float64(trial.Packets)/10e6) > 1e-6 {
					t.Errorf("trial %+v", trial)
				}
			}
		})
	}
}

// The lengths of repetitions do not depend on one another: with a noisy buffer they are
// not correlated, except for the first, which says where the others begin.
func TestBurstsAreIndependent(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = func(tr Trial, c *Counts) error {
		frames := 30_000 * (1 + 0.05*d.rng.NormFloat64())
		return buffer(frames, 5e6)(tr, c)
	}
	m, err := Burst(t.Context(), d.runner(), BurstConfig{Longest: 2 * time.Second, Width: 0.01, Repeats: 400})
	if err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	lengths := m.Burst.Lengths[1:]
	for i, l := range lengths {
		away := float64(l) - m.Burst.Frames
		squares += away * away
		if i > 0 {
			sum += away * (float64(lengths[i-1]) - m.Burst.Frames)
		}
	}
	if lag1 := sum / squares; math.Abs(lag1) > 0.15 { // three standard errors of 399 independent ones
		t.Errorf("the correlation of one length with the next is %.2f", lag1)
	}
	if b := m.Burst; b.SD <= 0 || b.Least >= b.Most || b.CorrectedBufferMs != nil {
		t.Errorf("%+v", b)
	}
}

// The corrected buffer time leaves out the packets that the path forwards during the
// burst: at twice the rate that it forwards, half of a burst waits.
func TestCorrectedBufferTime(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = func(tr Trial, c *Counts) error {
		tr.Packets = uint64(tr.Rate * tr.Duration.Seconds())
		return buffer(30_000, 5e6)(tr, c)
	}
	cfg := BurstConfig{
		Longest: 2 * time.Second, Width: 0.001, Repeats: 3,
		Throughput: &ThroughputConfig{Width: 0.001, Trial: time.Second, Validation: time.Minute},
	}
	m, err := Burst(t.Context(), d.runner(), cfg)
	if err != nil || m.Burst.CorrectedBufferMs == nil {
		t.Fatalf("%+v, %v", m.Burst, err)
	}
	b := m.Burst
	if math.Abs(*b.ImpliedBufferMs-6) > 0.05 || math.Abs(*b.CorrectedBufferMs-3) > 0.05 || math.Abs(b.Throughput.Mpps-5) > 0.02 {
		t.Errorf("implied %g ms, corrected %g ms by %g Mpps; want 6, 3 and 5", *b.ImpliedBufferMs, *b.CorrectedBufferMs, b.Throughput.Mpps)
	}
	d = newDevice(func(float64) float64 { return 0 }, 0, 1)
	if m, err = Burst(t.Context(), d.runner(), cfg); err != nil || m.Burst.CorrectedBufferMs != nil {
		t.Errorf("a path that forwards everything: %+v, %v", m.Burst, err)
	}
}

// A device that gets better from one repetition to the next is tried up to the
// limit, and not beyond.
func TestBurstBetter(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = func(t Trial, c *Counts) error {
		if len(d.trials) <= 5 && t.Packets > 9_000_000 {
			c.Received--
		}
		return nil
	}
	m, err := Burst(t.Context(), d.runner(), BurstConfig{Longest: time.Second, Width: 0.1, Repeats: 3})
	if err != nil || m.Burst.Lengths[0] != 8_750_000 || m.Burst.Lengths[2] != 10_000_000 {
		t.Errorf("%+v, %v", m.Burst, err)
	}
	for _, trial := range d.trials {
		if trial.Packets > 10_000_000 {
			t.Errorf("a burst of %d", trial.Packets)
		}
	}
}

// Full rings are losses of a burst, too.
func TestBurstRefused(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = func(_ Trial, c *Counts) error {
		room := min(c.Offered, 512)
		c.Sent, c.Received, c.Refused = room, room, c.Offered-room
		return nil
	}
	m, err := Burst(t.Context(), d.runner(), BurstConfig{Longest: time.Second, Width: 0.001, Repeats: 1})
	if err != nil || m.Burst.Frames != 512 {
		t.Errorf("%+v, %v", m.Burst, err)
	}
}

func TestBurstPathFails(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = func(Trial, *Counts) error {
		if len(d.trials) == 3 {
			return errBroken
		}
		return nil
	}
	m, err := Burst(t.Context(), d.runner(), BurstConfig{Longest: time.Second, Width: 0.01, Repeats: 5})
	if err == nil || m.Complete || m.Burst == nil || len(m.Burst.Lengths) != 2 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestStepConfigChecks(t *testing.T) {
	for want, err := range map[string]error{
		"step of 0.2":              LossConfig{Step: 0.2, Trial: 1}.Check(),
		"step of 0:":               LossConfig{Trial: 1}.Check(),
		"trial of 0s":              LossConfig{Step: 0.1}.Check(),
		"longest burst":            BurstConfig{Width: 0.1, Repeats: 1}.Check(),
		"width of 0":               BurstConfig{Longest: 1, Repeats: 1}.Check(),
		"0 repetitions":            BurstConfig{Longest: 1, Width: 0.1}.Check(),
		"a trial of 0s":            LatencyConfig{}.Check(),
		"no load":                  LatencyConfig{Trial: 1}.Check(),
		"a load of 1.5":            LatencyConfig{Trial: 1, Base: 1, Fractions: []float64{1.5}}.Check(),
		"a rate of -1":             LatencyConfig{Trial: 1, Base: -1}.Check(),
		"a trial of 0s: must be l": LatencyConfig{Trial: 1, Fractions: []float64{1}}.Check(),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// Times of a generator that was held up are marked, and the other loads are measured
// all the same.
func TestLatencyOfALateGenerator(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = func(tr Trial, c *Counts) error {
		c.RTT, c.ScheduledRTT, c.Lateness = NewHistogram(), NewHistogram(), NewHistogram()
		for range 100 {
			_ = c.RTT.RecordValue(10_000)
			_ = c.ScheduledRTT.RecordValue(10_000)
			_ = c.Lateness.RecordValue(0)
		}
		if tr.Rate == 500_000 {
			_ = c.ScheduledRTT.RecordValues(8_000_000, 100)
			c.Late, c.MaxLate = 100, 8*time.Millisecond
			c.TxQueues = []result.TxQueue{{Interface: "net1", Lcore: 1, Ring: 256, Backlog: 4000}}
		}
		return nil
	}
	m, err := Latency(t.Context(), d.runner(), LatencyConfig{Base: 1e6, Fractions: []float64{0.1, 0.5, 0.9}, Trial: time.Second})
	if err != nil || m.Valid || !m.Complete || len(m.Latency) != 3 || len(d.trials) != 1+(1+retries)+1 {
		t.Fatalf("%d trials, %+v, %v", len(d.trials), m, err)
	}
	for i, l := range m.Latency {
		if late := i == 1; (l.Limited != "") != late || l.RTT.MaxUs > 11 || (l.ScheduledRTT.MaxUs > 7000) != late || (l.MaxLateUs == 8000) != late {
			t.Errorf("%s: %+v", l.Load, l)
		}
	}
	if want := "50% of 1 Mpps: "; !strings.HasPrefix(m.Reason, want) || !strings.Contains(m.Reason, "was behind by 4000 packets") {
		t.Errorf("reason %q, want it to begin with %q", m.Reason, want)
	}
}
