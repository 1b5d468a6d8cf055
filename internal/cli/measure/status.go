package measure

import (
	"context"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/metrics"
	"github.com/podnet/podnet/internal/result"
)

// status is the state of a running command, which the metrics server publishes.
type status struct {
	mu       sync.Mutex
	snapshot metrics.Snapshot
	job      *dpdk.Job // that runs; nil: none
	// neighbors, if not nil, looks at the first job.
	neighbors func(polling []dpdk.Lcore)
}

// newStatus gives the status of a command that forwards in that mode, before DPDK starts.
func newStatus(d deps, mode string) *status {
	return &status{neighbors: neighbors(d.Streams, d.Name), snapshot: metrics.Snapshot{
		NotReady: notStarted, Version: d.Version, DPDK: d.DPDKVersion, Method: mode, NoTrials: true,
	}}
}

const notStarted = "DPDK has not started"

// Snapshot implements metrics.Source.
func (s *status) Snapshot() metrics.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// now gives the state with the current heartbeats. The lock is held.
func (s *status) now() metrics.Snapshot {
	now := s.snapshot
	if s.job != nil {
		now.Turns = make(map[int]uint64)
		for _, t := range s.job.Threads() {
			now.Turns[t.ID] = t.Turns
		}
	}
	return now
}

// Links says that the ports are up, except for those that down names; empty: all are.
func (s *status) Links(down string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot.Ready, s.snapshot.NotReady = down == "", down
}

// setEnded says that nothing is measured or forwarded any more.
func (s *status) setEnded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot.Ready, s.snapshot.NotReady = false, "the run has ended"
}

// Running takes the job that runs; nil: none.
func (s *status) Running(job *dpdk.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.job = job
	if job != nil && s.neighbors != nil {
		s.neighbors(job.Lcores())
		s.neighbors = nil
	}
}

// carried takes the ports' counts so far.
func (s *status) carried(list []result.Interface) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot.Interfaces = list
}

// metricsOption is the flag of commands that serve their status.
type metricsOption struct{ Metrics string }

func (o *metricsOption) addMetricsFlag(f *pflag.FlagSet) {
	f.StringVar(&o.Metrics, "metrics", "", "serve /metrics, /healthz and /readyz on this address, such as :9090")
}

// serveMetrics serves src and more for --metrics, if it is given, until ctx ends or stop
// is called.
func (o *metricsOption) serveMetrics(ctx context.Context, d deps, src metrics.Source, more ...prometheus.Collector) (stop func(), err error) {
	if o.Metrics == "" {
		return func() {}, nil
	}
	_, port, ok := cutEndpoint(o.Metrics)
	if !ok {
		return nil, cli.UsageErrorf("--metrics %q: must be :PORT or HOST:PORT of an address of this pod, such as :9090", o.Metrics)
	}
	server, err := metrics.Serve(ctx, o.Metrics, src, more...)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	if port == 0 { // any free one, which nobody knows yet
		fmt.Fprintf(d.Err, "%s: serving http://%s/metrics\n", d.Name, server.Addr())
	}
	return func() { server.Close() }, nil
}
