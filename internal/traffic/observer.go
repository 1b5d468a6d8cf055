// Package traffic carries packets over a dataplane: the trials of a benchmark,
// whose path it is, and what is forwarded, dropped or generated until told to stop.
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
	// Counted tells what the running trial has counted so far.
	Counted(now time.Time, c bench.Counts)
}

// ForwardObserver hears of Forward's work.
type ForwardObserver interface {
	Observer
	// Carried tells what the ports have counted so far, and Ended what they have
	// when all is over.
	Carried(now time.Time, list []result.Interface)
	Ended(list []result.Interface)
}
