package metrics

import (
	"github.com/podnet/podnet/internal/result"
)

// Source is what the server tells of.
type Source interface {
	// Snapshot is called from other goroutines than the run's, at any time and
	// several times per second. The snapshot does not change afterwards.
	Snapshot() Snapshot
}

// Snapshot is the state of a run at one time. The zero value is a run that is
// not ready and has no figures.
type Snapshot struct {
	Ready    bool   // the ports are up
	NotReady string // why they are not
	// Turns is how often each polling lcore, by its number, has gone round its loop
	// since the job began: now, and not when it was last shown. It is empty while no
	// job runs.
	Turns map[int]uint64

	Version string // of testpmd-wrapper
	DPDK    string // release
	Method  string // as ndr; of what forwards its mode, as macswap

	// NoTrials says that packets are forwarded and nothing is measured: there are
	// no trials, nor totals of them.
	NoTrials bool

	Phase        string  // of the running trial, as search; empty: none runs
	Frame        string  // of the running trial, such as 64 or imix
	Requested    float64 // rate of the running trial in packets per second; 0: maximum, or none runs
	Lower, Upper float64 // the interval that a search has come to, in packets per second; 0: not known

	Trials uint64 // that have ended
	// Totals are the sums of result.TrialCounters, in their order, over all trials
	// and as far as it is counted the running one. They may only grow: Prometheus
	// takes a smaller one for a new start.
	Totals []uint64
	// Interfaces are the ports' counters, which may begin again with each trial.
	Interfaces []result.Interface
}
