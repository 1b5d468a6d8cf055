package bench

import (
	"bytes"
	"fmt"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// searchCost is what searches of one kind came to, one value a seed.
type searchCost struct {
	trials, seconds []float64
	errors          [2][]float64 // of NDR and PDR, relative to the truth
}

func (c *searchCost) add(d *device, found, truth [2]float64) {
	c.trials = append(c.trials, float64(len(d.trials)))
	c.seconds = append(c.seconds, d.time.Seconds())
	for i := range found {
		c.errors[i] = append(c.errors[i], found[i]/truth[i]-1)
	}
}

// bisect is what a search is held against: a plain bisection for one goal, on the
// same grid, which classifies a load by the same rules and stops there as soon as
// they have decided. It takes both ends for granted.
func bisect(t *testing.T, d *device, settings result.GoalSettings, trial time.Duration) float64 {
	s := newSearch(10e6, NDRConfig{Goals: []result.GoalSettings{settings}, Trial: trial})
	goal := s.goals[0]
	lower, upper := 0, s.grid.top
	for upper-lower > goal.width {
		load := (lower + upper) / 2
		var losses []float64
		for goal.classify(losses) == undecided {
			c, err := d.Trial(t.Context(), Trial{Mix: result.OneSize(64), Rate: s.grid.load(load), Duration: trial})
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, 1-float64(c.Received)/float64(c.Offered))
		}
		if goal.classify(losses) == lowerBound {
			lower = load
		} else {
			upper = load
		}
	}
	return s.grid.load(lower)
}

// TestSearchFigures searches for NDR and PDR on all devices from a hundred seeds,
// each with another capacity, and prints the figures that the documents give.
func TestSearchFigures(t *testing.T) {
	const seeds = 100
	cfg := NDRConfig{Goals: DefaultGoals(), Trial: time.Second}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "device\tnoise\tmethod\ttrials\ttrial time\tat most\tNDR error\tat most\tPDR error\tat most")
	row := func(name string, sigma float64, method string, c searchCost) {
		fmt.Fprintf(w, "%s\t%.1f %%\t%s\t%.1f\t%.1f s\t%.0f s", name, 100*sigma, method,
			mean(c.trials), mean(c.seconds), quantile(sortedAbs(c.seconds), 1))
		for _, e := range c.errors {
			fmt.Fprintf(w, "\t%+.2f %%\t%.2f %%", 100*mean(e), 100*quantile(sortedAbs(e), 1))
		}
		fmt.Fprintln(w)
	}
	run := func(m model, sigma float64) {
		var mlr, plain searchCost
		within := 0
		for seed := range uint64(seeds) {
			capacity := 5e6 * (1 + float64(seed)/seeds/10)
			truth := [2]float64{m.ndr * capacity, m.pdr * capacity}
			d := newDevice(m.at(capacity), sigma, seed)
			got, err := NDR(t.Context(), d.runner(), cfg)
			if err != nil || !got.Valid || len(got.Goals) != 2 {
				t.Fatalf("%s: %+v, %v", m.name, got.Goals, err)
			}
			mlr.add(d, [2]float64{got.Goals[0].Lower.Mpps * 1e6, got.Goals[1].Lower.Mpps * 1e6}, truth)

			d2 := newDevice(m.at(capacity), sigma, seed)
			found := [2]float64{bisect(t, d2, cfg.Goals[0], cfg.Trial), bisect(t, d2, cfg.Goals[1], cfg.Trial)}
			plain.add(d2, found, truth)

			if d.time > d2.time {
				t.Errorf("%s, noise %g, seed %d: the search took %s, a bisection a goal %s", m.name, sigma, seed, d.time, d2.time)
			}
			limit := 0.015
			if sigma == 0 {
				limit = 0.005 + 1e-9
			}
			if e := sortedAbs([]float64{mlr.errors[0][seed], mlr.errors[1][seed]}); e[1] <= limit {
				within++
			}
		}
		if within < 95 || sigma == 0 && within < seeds {
			t.Errorf("%s, noise %g: %d of %d seeds are near enough to the truth", m.name, sigma, within, seeds)
		}
		row(m.name, sigma, "MLRsearch", mlr)
		row(m.name, sigma, "bisections", plain)
	}
	for _, m := range monotonic {
		for _, sigma := range []float64{0, 0.002, 0.005, 0.01} {
			run(m, sigma)
		}
	}
	for _, m := range nonMonotonic {
		run(m, 0)
	}
	w.Flush()
	t.Logf("\n%s", table.String())
}
