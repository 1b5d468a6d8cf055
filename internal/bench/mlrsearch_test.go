package bench

import (
	cmpfloat "cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/internal/result"
)

// rfcClass classifies a load step by step as RFC 9971 describes it in section 6.1.
func rfcClass(g result.GoalSettings, samples []sample) class {
	var fullHigh, fullLow, shortHigh, shortLow float64
	for _, s := range samples {
		isFull, isHigh := s.seconds >= g.TrialSeconds, s.loss > g.LossRatio
		switch {
		case isFull && isHigh:
			fullHigh += s.seconds
		case isFull:
			fullLow += s.seconds
		case isHigh:
			shortHigh += s.seconds
		default:
			shortLow += s.seconds
		}
	}
	balance := shortLow * (g.ExceedRatio / (1 - g.ExceedRatio))
	excess := max(0, shortHigh-balance)
	effectiveHigh := fullHigh + excess
	effectiveFull := effectiveHigh + fullLow
	whole := max(effectiveFull, g.DurationSumSeconds)
	quantile := whole * g.ExceedRatio
	pessimisticHigh := whole - fullLow
	switch {
	case effectiveHigh > quantile:
		return upperBound
	case pessimisticHigh <= quantile:
		return lowerBound
	}
	return undecided
}

// rfcConditional is the conditional throughput as appendix B computes it, from
// trials of full length.
func rfcConditional(g result.GoalSettings, load float64, samples []sample) float64 {
	samples = slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.seconds < g.TrialSeconds })
	slices.SortFunc(samples, func(a, b sample) int { return cmpfloat.Compare(a.loss, b.loss) })
	sum := 0.0
	for _, s := range samples {
		sum += s.seconds
	}
	remaining := max(g.DurationSumSeconds, sum) * (1 - g.ExceedRatio)
	quantile := math.NaN()
	ended := false
	for _, s := range samples {
		if ended = !math.IsNaN(quantile) && remaining <= 1e-9; ended {
			break
		}
		quantile = s.loss
		remaining -= s.seconds
	}
	if !ended && remaining > 1e-9 {
		quantile = 1
	}
	return load * (1 - quantile)
}

// rfcGoal is the goal's result by the definitions (RFC 9971, section 4.8), from
// nothing but the list of trials.
func rfcGoal(g result.GoalSettings, trials []result.Trial) result.Goal {
	samples := map[float64][]sample{}
	for _, t := range trials {
		if t.Valid {
			load := *t.Requested.Mpps
			samples[load] = append(samples[load], sample{loss: t.LossRatio, seconds: t.Seconds})
		}
	}
	out := result.Goal{GoalSettings: g, Status: result.Regular}
	var lower, upper float64
	loads := slices.Sorted(maps.Keys(samples))
	for _, load := range loads {
		if rfcClass(g, samples[load]) == upperBound {
			upper = load
			break
		}
	}
	for _, load := range loads {
		if rfcClass(g, samples[load]) == lowerBound && (upper == 0 || load < upper) {
			lower = load
		}
	}
	rate := func(mpps float64) *result.Rate {
		r := result.NewRate(mpps*1e6, 64)
		return &r
	}
	if out.Status = result.Regular; upper > 0 {
		out.Upper = rate(upper)
	} else {
		out.Status = result.AboveMaximum
	}
	if lower > 0 {
		high, all := 0.0, 0.0
		for _, s := range samples[lower] {
			if all += s.seconds; s.loss > g.LossRatio {
				high += s.seconds
			}
		}
		share := high / all
		least := 1 / (lower * 1e6 * all)
		out.Lower, out.Conditional, out.LossyShare, out.LeastLoss = rate(lower), rate(rfcConditional(g, lower, samples[lower])), &share, &least
		out.PerDirection = rate(lower)
	} else {
		out.Status = result.BelowMinimum
	}
	return out
}

// seconds are trials of one second with that loss.
func seconds(loss float64, n int) []sample {
	return slices.Repeat([]sample{{loss: loss, seconds: 1}}, n)
}

// Short trials make a load an upper bound only by their excess, and never a lower
// bound.
func TestClassifyShort(t *testing.T) {
	goal := target{exceed: 0.5, trial: 60, sum: 120}
	strict := target{exceed: 0, trial: 60, sum: 60}
	long := func(losses ...float64) (list []sample) {
		for _, l := range losses {
			list = append(list, sample{loss: l, seconds: 60})
		}
		return list
	}
	for _, tt := range []struct {
		name    string
		target  target
		samples []sample
		want    class
		leans   class
	}{
		{"low losses only", goal, seconds(0, 200), undecided, lowerBound},
		{"excess of high losses", goal, slices.Concat(seconds(0, 39), seconds(0.1, 100)), upperBound, upperBound},
		{"not enough excess", goal, slices.Concat(seconds(0, 40), seconds(0.1, 100)), undecided, upperBound},
		{"one long trial of two", goal, long(0), lowerBound, lowerBound},
		{"one long trial of two failed", goal, long(0.1), undecided, upperBound},
		{"and short ones tip the scale", goal, append(long(0.1), seconds(0.1, 1)...), upperBound, upperBound},
		{"balanced short ones do not", goal, slices.Concat(long(0.1), seconds(0, 5), seconds(0.1, 5)), undecided, upperBound},
		{"strict, and one short trial", strict, seconds(0.1, 1), upperBound, upperBound},
		{"strict, and a long trial", strict, append(seconds(0, 9), long(0)...), lowerBound, lowerBound},
		{"strict, and a long trial after a short failure", strict, append(seconds(0.1, 1), long(0)...), upperBound, upperBound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := result.GoalSettings{ExceedRatio: tt.target.exceed, DurationSumSeconds: tt.target.sum, TrialSeconds: tt.target.trial}
			if got, rfc := tt.target.classify(tt.samples), rfcClass(g, tt.samples); got != tt.want || rfc != tt.want {
				t.Errorf("class %d, by the RFC's text %d, want %d", got, rfc, tt.want)
			}
			if got := tt.target.leans(tt.samples); got != tt.leans {
				t.Errorf("leans to %d, want %d", got, tt.leans)
			}
		})
	}
}

// The examples are from RFC 9971's appendix C, without those that have short trials.
// Others lie at the edges of a decision.
func TestClassify(t *testing.T) {
	pdr := target{loss: 0.005, exceed: 0.5, trial: 1, sum: 120}
	ndr := target{loss: 0, exceed: 0.5, trial: 1, sum: 21}
	strict := target{loss: 0, exceed: 0, trial: 1, sum: 3}
	for _, tt := range []struct {
		name      string
		target    target
		good, bad int
		want      class
	}{
		{"nothing", ndr, 0, 0, undecided},
		{"point 1", pdr, 59, 0, undecided},
		{"point 2", pdr, 59, 1, undecided},
		{"point 3", pdr, 59, 60, undecided},
		{"point 4", pdr, 60, 60, lowerBound},
		{"half is not enough", ndr, 10, 0, undecided},
		{"more than half is", ndr, 11, 0, lowerBound},
		{"nor is it of bad ones", ndr, 0, 10, undecided},
		{"more than half of bad ones", ndr, 0, 11, upperBound},
		{"all but the last", ndr, 10, 10, undecided},
		{"the last is good", ndr, 11, 10, lowerBound},
		{"the last is bad", ndr, 10, 11, upperBound},
		{"more than the sum, in balance", ndr, 15, 15, lowerBound},
		{"more than the sum", ndr, 15, 16, upperBound},
		{"no bad one allowed", strict, 2, 1, upperBound},
		{"all good", strict, 3, 0, lowerBound},
		{"not all yet", strict, 2, 0, undecided},
	} {
		t.Run(tt.name, func(t *testing.T) {
			samples := slices.Concat(seconds(tt.target.loss, tt.good), seconds(0.01, tt.bad))
			got := tt.target.classify(samples)
			if got != tt.want {
				t.Errorf("class %d, want %d", got, tt.want)
			}
			g := result.GoalSettings{LossRatio: tt.target.loss, ExceedRatio: tt.target.exceed, DurationSumSeconds: tt.target.sum, TrialSeconds: tt.target.trial}
			if rfc := rfcClass(g, samples); rfc != tt.want {
				t.Errorf("class by the RFC's text %d, want %d", rfc, tt.want)
			}
			if got != undecided && tt.target.leans(samples) != got {
				t.Error("the load leans elsewhere")
			}
		})
	}
}

func TestConditional(t *testing.T) {
	losses := func(good, fair, bad int) []sample {
		return slices.Concat(seconds(0.01, bad), seconds(0.001, fair), seconds(0, good))
	}
	for _, tt := range []struct {
		name   string
		target target
		losses []sample
		want   float64
	}{
		{"goal 2 of the RFC's example", target{exceed: 0.5, sum: 2}, losses(1, 1, 0), 1e6},
		{"goal 4, which is stricter", target{exceed: 0.2, sum: 1}, losses(1, 1, 0), 999_000},
		{"no better than the worst that counts", target{exceed: 0.5, sum: 21}, losses(10, 1, 0), 999_000},
		{"the rest does not count", target{exceed: 0.5, sum: 21}, losses(11, 5, 5), 1e6},
		{"what is missing counts as lost", target{exceed: 0.5, sum: 21}, losses(10, 0, 0), 0},
		{"short trials do not count", target{exceed: 0.5, trial: 60, sum: 120}, append(losses(30, 0, 0), sample{0.001, 60}), 999_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.target.conditional(1e6, tt.losses); math.Abs(got-tt.want) > 1e-6 {
				t.Errorf("%g, want %g", got, tt.want)
			}
			g := result.GoalSettings{ExceedRatio: tt.target.exceed, DurationSumSeconds: tt.target.sum, TrialSeconds: tt.target.trial}
			if rfc := rfcConditional(g, 1e6, tt.losses); math.Abs(rfc-tt.want) > 1e-6 {
				t.Errorf("by the RFC's code %g, want %g", rfc, tt.want)
			}
		})
	}
}

func TestGrid(t *testing.T) {
	g := newGrid(10e6, 0.005)
	if low := g.load(0); low < 10e3 || low > 10.1e3 {
		t.Errorf("lowest load %g, want a thousandth", low)
	}
	for i := range g.top + 1 {
		if got := g.below(g.load(i)); got != i {
			t.Fatalf("below its own rate, load %d is %d", i, got)
		}
		if got := g.below(g.load(i) * 1.004); got != i {
			t.Fatalf("below a higher rate, load %d is %d", i, got)
		}
	}
	if g.below(1) != 0 || g.below(1e9) != g.top || g.load(g.top) != 10e6 {
		t.Error("the ends are not the lowest and the highest load")
	}
	for width, want := range map[float64]int{0.001: 1, 0.005: 1, 0.0099: 1, 0.01: 2, 0.05: 10} {
		if got := g.steps(width); got != want {
			t.Errorf("steps of %g: %d, want %d", width, got, want)
		}
	}
}

// checkGoals holds what NDR reports against the RFC's definitions.
func checkGoals(t *testing.T, m result.Measurement, goals []result.GoalSettings) {
	t.Helper()
	var want []result.Goal
	for i, g := range goals {
		g.TrialSeconds = max(g.TrialSeconds, 1)
		w := rfcGoal(g, m.Trials)
		w.Lowest = m.Goals[i].Lowest
		if w.Status == result.Regular && w.Upper.Mpps-w.Lower.Mpps > g.Width*w.Upper.Mpps*(1+1e-9) {
			t.Errorf("%s: from %g to %g is wider than %g", g.Name, w.Lower.Mpps, w.Upper.Mpps, g.Width)
		}
		want = append(want, w)
	}
	if diff := cmp.Diff(want, m.Goals, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("goals (-want by the RFC's text, +got):\n%s", diff)
	}
}

func TestSearchRelevantBounds(t *testing.T) {
	for _, m := range slices.Concat(monotonic, nonMonotonic) {
		for _, sigma := range []float64{0, 0.01, 0.1} {
			for seed := range uint64(20) {
				goals := DefaultGoals()
				got, err := NDR(t.Context(), newDevice(m.at(3e6), sigma, seed).runner(), NDRConfig{Goals: goals, Trial: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				checkGoals(t, got, goals)
			}
		}
	}
}

// Devices that make no sense must not keep a search from its end.
func TestSearchEnds(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		goals := []result.GoalSettings{}
		for i := range 1 + rng.IntN(3) {
			goals = append(goals, result.GoalSettings{
				Name: fmt.Sprint(i), LossRatio: rng.Float64() * 0.1 * float64(rng.IntN(2)), ExceedRatio: rng.Float64() * 0.9,
				DurationSumSeconds: float64(1 + rng.IntN(30)), Width: 0.003 + 0.3*rng.Float64()*rng.Float64(),
			})
			if g := &goals[i]; rng.IntN(3) == 0 {
				g.TrialSeconds = math.Ceil(g.DurationSumSeconds / float64(1+rng.IntN(3)))
			}
		}
		likely := rng.Float64()
		d := newDevice(func(float64) float64 {
			if rng.Float64() < likely {
				return 0
			}
			return rng.Float64() * rng.Float64()
		}, 0, seed)
		m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: goals, Trial: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		checkGoals(t, m, goals)
		if len(d.trials) > 5000 {
			t.Errorf("seed %d: %d trials", seed, len(d.trials))
		}
	}
}

// For any device that loses more under more load, the bounds are on both sides of the
// truth.
func TestSearchMonotonic(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 8))
		points := make([]float64, 6) // rates at which the loss rises
		rises := make([]float64, len(points))
		for i := range points {
			points[i], rises[i] = 10e6*math.Pow(10, -2*rng.Float64()), math.Pow(10, -3*rng.Float64())/6
		}
		loss := func(rate float64) (sum float64) {
			for i, p := range points {
				if rate > p {
					sum += rises[i]
				}
			}
			return sum
		}
		goals := DefaultGoals()
		m, err := NDR(t.Context(), newDevice(loss, 0, seed).runner(), NDRConfig{Goals: goals, Trial: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		checkGoals(t, m, goals)
		for _, g := range m.Goals {
			if g.Lower != nil && loss(g.Lower.Mpps*1e6) > g.LossRatio+1e-5 || g.Upper != nil && loss(g.Upper.Mpps*1e6) <= g.LossRatio {
				t.Errorf("seed %d: %+v is not around the truth", seed, g)
			}
		}
	}
}

func TestNDRIrregular(t *testing.T) {
	for _, tt := range []struct {
		name   string
		loss   float64
		want   string
		trials int // at most
	}{
		{"loses nothing", 0, result.AboveMaximum, 11},
		{"loses everything", 1, result.BelowMinimum, 13},
		{"always loses some", 0.02, result.BelowMinimum, 25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDevice(func(float64) float64 { return tt.loss }, 0, 1)
			m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
			if err != nil || !m.Valid || !m.Complete {
				t.Fatalf("%+v, %v", m, err)
			}
			checkGoals(t, m, DefaultGoals())
			for _, g := range m.Goals {
				if g.Status != tt.want {
					t.Errorf("%s is %s, want %s", g.Name, g.Status, tt.want)
				}
			}
			if len(d.trials) > tt.trials {
				t.Errorf("%d trials, want %d at most", len(d.trials), tt.trials)
			}
		})
	}
}

func TestNDRProgress(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	r := d.runner()
	var progress []Progress
	r.Begin = func(p Progress) { progress = append(progress, p) }
	m, err := NDR(t.Context(), r, NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range progress {
		if left := time.Duration(len(progress)-i) * time.Second; p.Phase != "search" || p.Left < left {
			t.Errorf("trial %d: %q, %s left, but it is %s", i, p.Phase, p.Left, left)
		}
		if p.Lower != 0 && p.Upper != 0 && p.Lower >= p.Upper || p.Rate != d.trials[i].Rate {
			t.Errorf("trial %d: %+v", i, p)
		}
	}
	last := progress[len(progress)-1]
	if got := m.Goals[1]; last.Lower != got.Lower.Mpps*1e6 || math.Abs(last.Upper-got.Upper.Mpps*1e6) > 1 {
		t.Errorf("the last interval is %g to %g, the result %+v", last.Lower, last.Upper, got)
	}
}

func TestNDRStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	r := d.runner()
	r.End = func(_ Progress, trials []result.Trial) error {
		if len(trials) == 26 { // NDR is settled, PDR is not
			cancel()
		}
		return nil
	}
	m, err := NDR(ctx, r, NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
	if err != nil || m.Complete || m.Valid || m.Reason != ErrStopped.Error() || len(m.Trials) != 26 {
		t.Errorf("complete %v, valid %v (%s), %d trials, error %v", m.Complete, m.Valid, m.Reason, len(m.Trials), err)
	}
	if len(m.Goals) != 2 || m.Goals[0].Status != result.Regular || m.Goals[1].Status != result.NotSettled {
		t.Errorf("goals %+v, want NDR settled, and PDR with what there is", m.Goals)
	}
	// The lower bound of NDR is one of PDR, too.
	if g := m.Goals[1]; g.Lower == nil || *g.Lower != *m.Goals[0].Upper && *g.Lower != *m.Goals[0].Lower || g.Upper != nil {
		t.Errorf("PDR from %+v to %+v", g.Lower, g.Upper)
	}
}

func TestNDRGeneratorTooSlow(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = late(8e6)
	m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
	if err != nil || m.Valid || !m.Complete || len(m.Goals) != 2 || len(m.Trials) != 6+11 || m.Discarded != 6./17 {
		t.Fatalf("valid %v, goals %+v, %d trials, %v", m.Valid, m.Goals, len(m.Trials), err)
	}
	for _, g := range m.Goals {
		if g.Status != result.GeneratorLimit || g.Lower == nil || g.Lower.Mpps > 0.95*8 || g.Lower.Mpps < 0.94*8 || g.Upper != nil {
			t.Errorf("%+v, want the highest rate that the generator kept up with", g)
		}
	}
	for _, want := range []string{"10 Mpps", "it was the limit", "lower --max-rate"} {
		if !strings.Contains(m.Reason, want) {
			t.Errorf("reason %q, want %q in it", m.Reason, want)
		}
	}
}

// A generator that cannot offer the highest rate does not matter where the path is
// slower.
func TestNDRGeneratorFastEnough(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = late(8e6)
	m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
	if err != nil || !m.Valid || m.Goals[0].Status != result.Regular || math.Abs(m.Goals[0].Lower.Mpps-5) > 0.025 {
		t.Errorf("%+v, %v", m.Goals, err)
	}
}

// Where the generator cannot offer even the lowest rate, there is nothing to find.
func TestNDRGeneratorStandsStill(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(_ Trial, c *Counts) error { *c = Counts{}; return nil }
	m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
	if err != nil || m.Valid || m.Discarded != 1 || len(m.Trials) > 1+repeats || len(m.Goals) != 2 || m.Goals[0].Lower != nil || m.Goals[0].Status != result.GeneratorLimit {
		t.Errorf("%+v, %v", m, err)
	}
}

// ringOf is how many packets the rings of the simulated generator hold.
const ringOf = 256

// stalled holds the generator up for so long in a part of the trials: as many packets
// are due at once then as belong into that time, and those for which its own ring has
// no room are lost.
func stalled(share float64, stall time.Duration, seed uint64) func(Trial, *Counts) error {
	rng := rand.New(rand.NewPCG(seed, 11))
	return func(t Trial, c *Counts) error {
		q := result.TxQueue{Interface: "net1", Lcore: 1, Ring: ringOf}
		if rng.Float64() < share {
			c.MaxLate = stall
			q.Backlog = uint64(t.Rate * stall.Seconds())
			c.Late = q.Backlog
			refused := q.Backlog - min(q.Backlog, ringOf)
			c.Refused, c.Sent, c.Received = refused, c.Sent-refused, c.Received-min(c.Received, refused)
		}
		c.TxQueues = []result.TxQueue{q}
		return nil
	}
}

// failing loses 1 % of the packets in a part of its trials, and all beyond 5 Mpps.
func failing(share float64, seed uint64) func(float64) float64 {
	rng := rand.New(rand.NewPCG(seed, 12))
	return func(rate float64) float64 {
		if rng.Float64() < share {
			return max(0.01, 1-5e6/rate)
		}
		return max(0, 1-5e6/rate)
	}
}

// A device that fails most of its trials has no NDR near its capacity, however many
// trials the generator spoils, or is late in without harm: what is thrown away must
// not depend on the outcome.
func TestNDRDisturbed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		share  float64
		stall  time.Duration
		settle int // searches at least
	}{
		{"a punctual generator", 0, 0, 100},
		{"half of the trials late without harm", 0.5, 20 * time.Microsecond, 100},
		{"half of the trials late by more than a ring", 0.5, 200 * time.Microsecond, 50},
	} {
		wrong, trials, found := 0, 0, 0
		for seed := range uint64(100) {
			d := newDevice(failing(0.6, seed), 0, seed)
			d.change = stalled(tt.share, tt.stall, seed)
			m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals()[:1], Trial: time.Second})
			if err != nil || !m.Complete || len(m.Goals) != 1 {
				t.Fatal(m, err)
			}
			if trials += len(m.Trials); m.Goals[0].Status != result.NotSettled {
				found++
			} else if m.Valid || m.Discarded < 0.2 {
				t.Errorf("seed %d: not settled, but valid %v with %.2f of the trials discarded", seed, m.Valid, m.Discarded)
			}
			if g := m.Goals[0]; g.Lower != nil && g.Lower.Mpps > 4.9 {
				wrong++
			}
		}
		t.Logf("%s: %d of 100 searches above 4.9 Mpps, %d settled, %.0f trials on average", tt.name, wrong, found, float64(trials)/100)
		if wrong > 10 || found < tt.settle {
			t.Errorf("%s: %d above 4.9 of 5 Mpps, want 10 at most; %d settled, want %d", tt.name, wrong, found, tt.settle)
		}
	}
}

// A stall of the generator that its ring cannot bridge is never the device's loss: a
// search finds the device's rate all the same, or says that it could not settle, with
// bounds that are right.
func TestNDRAmongStalls(t *testing.T) {
	const capacity, stall = 5.0, 200 * time.Microsecond
	for _, tt := range []struct {
		share  float64
		settle int
	}{{0.6, 95}, {0.9, 0}} {
		settled, trials := 0, 0
		for seed := range uint64(100) {
			d := newDevice(monotonic[0].at(capacity*1e6), 0, seed)
			d.change = stalled(tt.share, stall, seed)
			m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals()[:1], Trial: time.Second})
			if err != nil || len(m.Goals) != 1 {
				t.Fatal(m, err)
			}
			trials += len(m.Trials)
			g := m.Goals[0]
			if g.Lower != nil && g.Lower.Mpps > capacity || g.Upper != nil && g.Upper.Mpps < capacity {
				t.Errorf("%.0f %% of the trials, seed %d: from %+v to %+v, want %g between them", 100*tt.share, seed, g.Lower, g.Upper, capacity)
			}
			switch {
			case g.Status == result.NotSettled:
				if m.Valid || !strings.Contains(m.Reason, "was behind by") {
					t.Errorf("%.0f %% of the trials, seed %d: not settled, valid %v because %q", 100*tt.share, seed, m.Valid, m.Reason)
				}
			case g.Status != result.Regular || g.Lower.Mpps < (1-g.Width)*capacity:
				t.Errorf("%.0f %% of the trials, seed %d: %s, %+v", 100*tt.share, seed, g.Status, g.Lower)
			default:
				settled++
			}
		}
		t.Logf("%.0f %% of the trials held up: %d of 100 searches settled, %.0f trials on average", 100*tt.share, settled, float64(trials)/100)
		if settled < tt.settle {
			t.Errorf("%.0f %% of the trials held up: %d of 100 searches settled, want %d", 100*tt.share, settled, tt.settle)
		}
	}
}

// A search whose peer is away ends soon: repeating trials would not help.
func TestSearchWithoutAPeer(t *testing.T) {
	for name, search := range map[string]func(r *Runner) (result.Measurement, error){
		"ndr": func(r *Runner) (result.Measurement, error) {
			return NDR(t.Context(), r, NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
		},
		"throughput": func(r *Runner) (result.Measurement, error) {
			return Throughput(t.Context(), r, ThroughputConfig{Width: 0.01, Trial: time.Second})
		},
	} {
		d := newDevice(monotonic[0].at(5e6), 0, 1)
		d.change = func(_ Trial, c *Counts) error {
			switch n := len(d.trials); {
			case n == 3:
				c.Absent, c.Received = &Absence{What: "the peer /run/a.sock", After: 400 * time.Millisecond}, c.Received/2
			case n > 3:
				c.Absent, c.Received = &Absence{What: "the peer /run/a.sock"}, 0
			}
			return nil
		}
		m, err := search(d.runner())
		if err != nil || m.Valid || len(m.Trials) != 2+1+retries || !strings.Contains(m.Reason, "the peer /run/a.sock was not there") {
			t.Errorf("%s: %d trials, valid %v because %q, %v", name, len(m.Trials), m.Valid, m.Reason, err)
		}
		if len(m.Goals) == 0 || m.Goals[0].Status != result.NotSettled || m.Goals[0].Upper == nil && m.Goals[0].Lower == nil && name == "throughput" {
			t.Errorf("%s: goals %+v, want what was found until then", name, m.Goals)
		}
	}
}

// A device that fails a fifth of its trials keeps its NDR, and the result says how
// often it fails there.
func TestNDRLossyShare(t *testing.T) {
	near := 0
	var shares []float64
	for seed := range uint64(100) {
		d := newDevice(failing(0.2, seed), 0, seed)
		m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals()[:1], Trial: time.Second})
		if err != nil || !m.Valid {
			t.Fatal(m, err)
		}
		g := m.Goals[0]
		if math.Abs(g.Lower.Mpps/5-1) <= 0.01 {
			near++
		}
		shares = append(shares, *g.LossyShare)
	}
	t.Logf("%d of 100 within 1 %%, mean lossy share %.2f", near, mean(shares))
	if near < 97 || math.Abs(mean(shares)-0.2) > 0.08 {
		t.Errorf("%d of 100 within 1 %%, want 97; mean lossy share %.2f, want about 0.2", near, mean(shares))
	}
}

func TestNDRPathFails(t *testing.T) {
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(Trial, *Counts) error {
		if len(d.trials) == 5 {
			return errBroken
		}
		return nil
	}
	m, err := NDR(t.Context(), d.runner(), NDRConfig{Goals: DefaultGoals(), Trial: time.Second})
	if !errors.Is(err, errBroken) || m.Complete || m.Valid || len(m.Trials) != 5 || m.Trials[4].Valid || m.Trials[4].Limits[0].Code != result.Failed {
		t.Errorf("error %v, complete %v, %d trials", err, m.Complete, len(m.Trials))
	}
}

func TestNDRConfigCheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*NDRConfig)
		want   string
	}{
		{"no trial", func(c *NDRConfig) { c.Trial = 0 }, "trial of 0s"},
		{"no goal", func(c *NDRConfig) { c.Goals = nil }, "no goal"},
		{"loss", func(c *NDRConfig) { c.Goals[1].LossRatio = 1 }, `"PDR": a loss ratio of 1`},
		{"loss is not a number", func(c *NDRConfig) { c.Goals[1].LossRatio = math.NaN() }, "loss ratio"},
		{"exceed", func(c *NDRConfig) { c.Goals[0].ExceedRatio = -1 }, "exceed ratio"},
		{"width", func(c *NDRConfig) { c.Goals[0].Width = 0 }, "width of 0"},
		{"sum", func(c *NDRConfig) { c.Goals[0].DurationSumSeconds = 0.5 }, "duration sum of 0.5 s"},
		{"sum of a long trial", func(c *NDRConfig) { c.Goals[0].TrialSeconds = 60 }, "from one trial (60 s)"},
		{"short final trial", func(c *NDRConfig) { c.Goals[0].TrialSeconds = 0.5 }, "final trial of 0.5 s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NDRConfig{Goals: DefaultGoals(), Trial: time.Second}
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			tt.change(&c)
			d := newDevice(monotonic[0].at(5e6), 0, 1)
			if _, err := NDR(t.Context(), d.runner(), c); err == nil || !strings.Contains(err.Error(), tt.want) || len(d.trials) > 0 {
				t.Errorf("error %v after %d trials, want one with %q before any", err, len(d.trials), tt.want)
			}
		})
	}
}
