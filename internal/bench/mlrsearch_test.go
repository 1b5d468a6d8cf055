package bench

import (
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

// rfcClass classifies a load step by step as RFC 9971 tells it in section 6.1,
// for trials of full length, each of one second.
func rfcClass(g result.GoalSettings, losses []float64) class {
	var highLoss, lowLoss float64
	for _, l := range losses {
		if l > g.LossRatio {
			highLoss++
		} else {
			lowLoss++
		}
	}
	full := highLoss + lowLoss
	whole := max(full, g.DurationSumSeconds)
	missing := whole - full
	optimistic := highLoss / whole
	pessimistic := (highLoss + missing) / whole
	switch {
	case optimistic > g.ExceedRatio:
		return upperBound
	case pessimistic <= g.ExceedRatio:
		return lowerBound
	}
	return undecided
}

// rfcConditional is the conditional throughput as appendix B computes it.
func rfcConditional(g result.GoalSettings, load float64, losses []float64) float64 {
	remaining := max(g.DurationSumSeconds, float64(len(losses))) * (1 - g.ExceedRatio)
	quantile := math.NaN()
	ended := false
	for _, l := range slices.Sorted(slices.Values(losses)) {
		if ended = !math.IsNaN(quantile) && remaining <= 0; ended {
			break
		}
		quantile = l
		remaining--
	}
	if !ended && remaining > 0 {
		quantile = 1
	}
	return load * (1 - quantile)
}

// rfcGoal is the goal's result by the definitions (RFC 9971, section 4.8), from
// nothing but the list of trials.
func rfcGoal(g result.GoalSettings, trials []result.Trial) result.Goal {
	losses := map[float64][]float64{}
	for _, t := range trials {
		load := *t.Requested.Mpps
		losses[load] = append(losses[load], t.LossRatio)
	}
	out := result.Goal{GoalSettings: g, Status: result.Regular}
	var lower, upper float64
	loads := slices.Sorted(maps.Keys(losses))
	for _, load := range loads {
		if rfcClass(g, losses[load]) == upperBound {
			upper = load
			break
		}
	}
	for _, load := range loads {
		if rfcClass(g, losses[load]) == lowerBound && (upper == 0 || load < upper) {
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
		out.Lower, out.Conditional = rate(lower), rate(rfcConditional(g, lower, losses[lower]))
	} else {
		out.Status = result.BelowMinimum
	}
	return out
}

// The examples are those of RFC 9971's appendix C that have no short trials, and
// the ends of what is decided.
func TestClassify(t *testing.T) {
	pdr := target{loss: 0.005, exceed: 0.5, sum: 120}
	ndr := target{loss: 0, exceed: 0.5, sum: 21}
	strict := target{loss: 0, exceed: 0, sum: 3}
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
			losses := slices.Concat(slices.Repeat([]float64{tt.target.loss}, tt.good), slices.Repeat([]float64{0.01}, tt.bad))
			got := tt.target.classify(losses)
			if got != tt.want {
				t.Errorf("class %d, want %d", got, tt.want)
			}
			g := result.GoalSettings{LossRatio: tt.target.loss, ExceedRatio: tt.target.exceed, DurationSumSeconds: tt.target.sum}
			if rfc := rfcClass(g, losses); rfc != tt.want {
				t.Errorf("class by the RFC's text %d, want %d", rfc, tt.want)
			}
			if got != undecided && tt.target.leans(losses) != got {
				t.Error("the load leans elsewhere")
			}
		})
	}
}

func TestConditional(t *testing.T) {
	losses := func(good, fair, bad int) []float64 {
		return slices.Concat(slices.Repeat([]float64{0.01}, bad), slices.Repeat([]float64{0.001}, fair), slices.Repeat([]float64{0}, good))
	}
	for _, tt := range []struct {
		name   string
		target target
		losses []float64
		want   float64
	}{
		{"goal 2 of the RFC's example", target{exceed: 0.5, sum: 2}, losses(1, 1, 0), 1e6},
		{"goal 4, which is stricter", target{exceed: 0.2, sum: 1}, losses(1, 1, 0), 999_000},
		{"no better than the worst that counts", target{exceed: 0.5, sum: 21}, losses(10, 1, 0), 999_000},
		{"the rest does not count", target{exceed: 0.5, sum: 21}, losses(11, 5, 5), 1e6},
		{"what is missing counts as lost", target{exceed: 0.5, sum: 21}, losses(10, 0, 0), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.target.conditional(1e6, tt.losses); math.Abs(got-tt.want) > 1e-6 {
				t.Errorf("%g, want %g", got, tt.want)
			}
			g := result.GoalSettings{ExceedRatio: tt.target.exceed, DurationSumSeconds: tt.target.sum}
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
	for _, g := range goals {
		w := rfcGoal(g, m.Trials)
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
				got, err := NDR(t.Context(), newDevice(m.at(3e6), sigma, seed).runner(), NDRConfig{goals, time.Second})
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
		}
		likely := rng.Float64()
		d := newDevice(func(float64) float64 {
			if rng.Float64() < likely {
				return 0
			}
			return rng.Float64() * rng.Float64()
		}, 0, seed)
		m, err := NDR(t.Context(), d.runner(), NDRConfig{goals, time.Second})
		if err != nil {
			t.Fatal(err)
		}
		checkGoals(t, m, goals)
		if len(d.trials) > 5000 {
			t.Errorf("seed %d: %d trials", seed, len(d.trials))
		}
	}
}

// On any device that loses the more the more it gets, the bounds are on both
// sides of the truth.
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
		m, err := NDR(t.Context(), newDevice(loss, 0, seed).runner(), NDRConfig{goals, time.Second})
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
			m, err := NDR(t.Context(), d.runner(), NDRConfig{DefaultGoals(), time.Second})
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
	m, err := NDR(t.Context(), r, NDRConfig{DefaultGoals(), time.Second})
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
	m, err := NDR(ctx, r, NDRConfig{DefaultGoals(), time.Second})
	if err != nil || m.Complete || m.Valid || m.Reason != ErrStopped.Error() || len(m.Trials) != 26 {
		t.Errorf("complete %v, valid %v (%s), %d trials, error %v", m.Complete, m.Valid, m.Reason, len(m.Trials), err)
	}
	if len(m.Goals) != 1 || m.Goals[0].Name != "NDR" {
		t.Errorf("goals %+v, want the one that is settled", m.Goals)
	}
}

func TestNDRGeneratorTooSlow(t *testing.T) {
	d := newDevice(func(float64) float64 { return 0 }, 0, 1)
	d.change = late(8e6)
	m, err := NDR(t.Context(), d.runner(), NDRConfig{DefaultGoals(), time.Second})
	if err != nil || m.Valid || len(m.Goals) > 0 || len(m.Trials) != 6 {
		t.Errorf("valid %v, goals %+v, %d trials, %v", m.Valid, m.Goals, len(m.Trials), err)
	}
	for _, want := range []string{"10 Mpps", "it was the limit", "lower --max-rate"} {
		if !strings.Contains(m.Reason, want) {
			t.Errorf("reason %q, want %q in it", m.Reason, want)
		}
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
	m, err := NDR(t.Context(), d.runner(), NDRConfig{DefaultGoals(), time.Second})
	if !errors.Is(err, errBroken) || m.Complete || m.Valid || len(m.Trials) != 4 {
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
