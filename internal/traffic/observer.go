// Package traffic carries packets over a dataplane: the trials of a benchmark, and the
// streams that forward, drop or generate packets until somebody stops them. It does not
// choose trials or judge them; internal/bench does. Start at Path for trials, at Forward
// for streams, and at Mesh for the trials between all nodes.
package traffic

import (
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/result"
)

// Observer hears of a job while it runs.
type Observer interface {
	// Running tells which job runs now; nil: none any more.
	Running(job *dpdk.Job)
	// Links tells which port has no link; empty: all that need one have it.
	Links(down string)
}

// PathObserver hears of a path's trials.
type PathObserver interface {
	Observer
	// Counted gives the running trial's counts so far.
	Counted(now time.Time, c bench.Counts)
}

// ForwardObserver hears of Forward's work.
type ForwardObserver interface {
	Observer
	// Carried gives the ports' counts so far, and Ended their counts at the end.
	Carried(now time.Time, list []result.Interface)
	Ended(list []result.Interface)
}
