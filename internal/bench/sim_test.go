package bench

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// device is a simulated path, whose time is simulated too.
type device struct {
	loss  func(rate float64) float64 // part of the packets that it loses at a rate
	sigma float64                    // of the noise that its capacity is multiplied by in each trial
	rng   *rand.Rand
	// change, if not nil, has the last word on a trial's counts.
	change func(t Trial, c *Counts) error

	trials []Trial
	time   time.Duration // that the trials took
}

func newDevice(loss func(float64) float64, sigma float64, seed uint64) *device {
	return &device{loss: loss, sigma: sigma, rng: rand.New(rand.NewPCG(seed, 1))}
}

// flatOut is what a device is sent as fast as it goes.
const flatOut = 20e6

func (d *device) Trial(_ context.Context, t Trial) (Counts, error) {
	d.trials = append(d.trials, t)
	d.time += t.Duration
	rate := t.Rate
	if rate == 0 {
		rate = flatOut
	}
	noise := max(0.01, 1+d.sigma*d.rng.NormFloat64())
	offered := math.Round(rate * t.Duration.Seconds())
	if t.Packets > 0 {
		offered = float64(t.Packets)
	}
	lost := math.Round(offered * d.loss(rate/noise))
	c := Counts{Offered: uint64(offered), Sent: uint64(offered), Received: uint64(offered - lost), Active: t.Duration}
	if d.change != nil {
		return c, d.change(t, &c)
	}
	return c, nil
}

// runner measures the device, at 10 Mpps at most.
func (d *device) runner() *Runner { return &Runner{Path: d, Mix: result.OneSize(64), MaxRate: 10e6} }

// model is a kind of device with known rates.
type model struct {
	name string
	// loss is its loss at a rate by its capacity; ndr and pdr are the highest rates,
	// by its capacity, up to which it loses nothing and 0.5 %.
	loss     func(part float64) float64
	ndr, pdr float64
}

// at makes it lose by its capacity in packets per second.
func (m model) at(capacity float64) func(float64) float64 {
	return func(rate float64) float64 { return m.loss(rate / capacity) }
}

// monotonic are the devices that lose the more the more they get.
var monotonic = []model{
	// Forwards its capacity and drops the rest, as a full link does.
	{"limited", func(x float64) float64 { return max(0, 1-1/x) }, 1, 1 / 0.995},
	// Loses a fifth of everything as soon as it gets too much.
	{"step", func(x float64) float64 {
		if x > 1 {
			return 0.2
		}
		return 0
	}, 1, 1},
	// Begins to lose gently.
	{"sloped", func(x float64) float64 { return min(1, max(0, 0.1*(x-1))) }, 1, 1.05},
	// Forwards the less the more it gets.
	{"collapsing", func(x float64) float64 { return max(0, 1-1/(x*x*x)) }, 1, 1 / math.Cbrt(0.995)},
}

// nonMonotonic are devices that also lose in a band of low loads: one that the
// search does not touch on its way, and one where it does. By the RFC's
// definitions, only the second one's bound is below the band.
var nonMonotonic = []model{
	{"band missed", func(x float64) float64 {
		if x > 0.4 && x < 0.5 {
			return 0.02
		}
		return max(0, 1-1/x)
	}, 1, 1 / 0.995},
	{"band met", func(x float64) float64 {
		switch {
		case x > 1:
			return 0.25
		case x > 0.7 && x < 0.9:
			return 0.02
		}
		return 0
	}, 0.7, 0.7},
}

// errBroken is a path's own error.
var errBroken = errors.New("broken")

// late makes trials invalid above a rate: the generator cannot do more.
func late(above float64) func(Trial, *Counts) error {
	return func(t Trial, c *Counts) error {
		if t.Rate > above {
			c.Offered = uint64(above * t.Duration.Seconds())
			c.Sent, c.Received = c.Offered, min(c.Received, c.Offered)
		}
		return nil
	}
}

// quantile of sorted values.
func quantile(sorted []float64, q float64) float64 {
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
