package bench

import (
	"context"
	"math"
	"time"
)

// mlrDevice is a simulated device of the comparison with the reference search.
// Everything in it is a function of the seed and of the number of the trial, so
// that any implementation of MLRsearch can be run on the same device.
type mlrDevice struct {
	kind      string
	parameter float64
	sigma     float64 // of the noise that the capacity is multiplied by in each trial
	capacity  float64 // packets per second
	seed      uint64

	trials  int
	seconds float64 // that the trials took
}

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform is the k-th random number of the trial, between 0 and 1.
func (d *mlrDevice) uniform(k uint64) float64 {
	z := mix64(d.seed*0x9e3779b97f4a7c15 + 0x1234567)
	z = mix64(z + uint64(d.trials)*0xd1b54a32d192ed03)
	z = mix64(z + k*0x8cb92ba72f3d8dd7 + 1)
	return (float64(z>>11) + 0.5) / (1 << 53)
}

// normal is a random number of the trial from the standard normal distribution.
func (d *mlrDevice) normal(k uint64) float64 {
	return math.Sqrt(-2*math.Log(d.uniform(k))) * math.Cos(2*math.Pi*d.uniform(k+1))
}

func (d *mlrDevice) Trial(_ context.Context, t Trial) (Counts, error) {
	offered := math.Floor(t.Rate*t.Duration.Seconds() + 0.5)
	lost := d.lost(t.Rate, offered)
	d.trials++
	d.seconds += t.Duration.Seconds()
	return Counts{Offered: uint64(offered), Sent: uint64(offered), Received: uint64(offered - lost), Active: t.Duration}, nil
}

// lost is how many of the offered packets the trial loses.
func (d *mlrDevice) lost(rate, offered float64) float64 {
	c := d.capacity * max(0.01, 1+d.sigma*d.normal(0))
	switch d.kind {
	case "driftup":
		c *= 1 - 0.1*math.Exp(-d.seconds/10)
	case "driftdown":
		c *= 1 + 0.1*math.Exp(-d.seconds/10)
	case "bimodal":
		if d.uniform(2) < d.parameter {
			c *= 0.9
		}
	}
	round := func(x float64) float64 { return math.Floor(x + 0.5) }
	lost := round(offered * mlrLoss(d.kind, rate/c))
	switch d.kind {
	case "random":
		lost += min(offered-lost, d.poisson(d.parameter*(offered-lost)))
	case "tail":
		if d.uniform(3) < d.parameter {
			lost += min(offered-lost, round(offered*(0.001+0.009*d.uniform(4))))
		}
	}
	return lost
}

// mlrLoss is the part of the packets that is lost at a load, relative to the
// capacity.
func mlrLoss(kind string, x float64) float64 {
	over := max(0, 1-1/x)
	switch kind {
	case "step":
		if x > 1 {
			return 0.2
		}
		return 0
	case "sloped":
		return min(1, max(0, 0.1*(x-1)))
	case "collapsing":
		return max(0, 1-1/(x*x*x))
	case "bandmissed":
		if x > 0.4 && x < 0.5 {
			return 0.02
		}
	case "bandmet":
		switch {
		case x > 1:
			return 0.25
		case x > 0.7 && x < 0.9:
			return 0.02
		}
		return 0
	}
	return over
}

// poisson is a random number from that distribution: by inversion where the mean
// is small, else by the normal distribution.
func (d *mlrDevice) poisson(mean float64) float64 {
	if mean > 30 {
		return max(0, math.Floor(mean+math.Sqrt(mean)*d.normal(4)+0.5))
	}
	u, n := d.uniform(3), 0.0
	p := math.Exp(-mean)
	for sum := p; u > sum && n < 1000; sum += p {
		n++
		p *= mean / n
	}
	return n
}

// truth is the highest load without loss; with random losses that at which half
// the trials of one second have none.
func (d *mlrDevice) truth() float64 {
	if d.kind == "random" {
		return min(d.capacity, math.Ln2/d.parameter)
	}
	return d.capacity
}

var (
	_ Path = (*mlrDevice)(nil)
	_      = time.Second
)
