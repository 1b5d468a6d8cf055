package fabric

import "time"

// Timing is how long coordinator and agents wait for one another. A member that is 0 has
// its default.
type Timing struct {
	Join   time.Duration // for all pods to come, before the rounds begin without the others; 5 min
	Rejoin time.Duration // the same after a restart of the coordinator; 30 s
	Answer time.Duration // for a pod to be ready to reflect, or to say what it counted; 10 s
	Grace  time.Duration // for a measurement to end, beyond its own length; 10 s
	Beat   time.Duration // between two signs of life of an idle connection; 5 s
	Silent time.Duration // without any, after which a connection counts as partitioned; 16 s
	// Patience is how long an agent looks for a coordinator before it gives up; 15 min.
	Patience time.Duration
}

// withDefaults replaces each 0 by its default.
func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		of      *time.Duration
		seconds int
	}{
		{&t.Join, 300}, {&t.Rejoin, 30}, {&t.Answer, 10}, {&t.Grace, 10}, {&t.Beat, 5}, {&t.Silent, 16}, {&t.Patience, 900},
	} {
		if *d.of == 0 {
			*d.of = time.Duration(d.seconds) * time.Second
		}
	}
	return t
}

// measure is how long a measurement takes as planned, and most how long it can take.
func (l Load) measure() time.Duration { return l.Warmup + l.Trial }

func (l Load) most() time.Duration {
	d := l.measure()
	if l.NDR { // its trials are many, and packets are waited for after each
		d += l.Trial
	}
	return d
}
