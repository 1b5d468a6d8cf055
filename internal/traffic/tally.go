package traffic

import (
	"context"
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/internal/machine"
	"github.com/podnet/podnet/internal/result"
)

// Stream is a stream and the indices of the ports that it receives and sends on.
type Stream struct {
	dpdk.Stream
	rx, tx int
}

// tally counts the ports' traffic while a job runs. The loops count the packets that they
// take and hand over; the ports' own counters give the rest.
type tally struct {
	dp      *dataplane.Dataplane
	job     *dpdk.Job
	streams []Stream
	base    []dpdk.Stats
	sampler *machine.Sampler // of the job's threads
	begin   machine.Sample
	began   time.Time
	absent  *bench.Absence // the first peer that was missed
	answer  func()         // answers who has asked meanwhile; nil: nobody asks
}

// runTallied starts the streams and counts from zero. It runs them on lcores; nil: on all
// that poll.
func runTallied(ctx context.Context, dp *dataplane.Dataplane, streams []Stream, lcores []dpdk.Lcore) (*tally, error) {
	t := &tally{dp: dp, streams: streams}
	raw := make([]dpdk.Stream, len(streams))
	for i, s := range streams {
		raw[i] = s.Stream
	}
	for _, p := range dp.Ports {
		s, err := p.Stats(ctx)
		if err != nil {
			return nil, fmt.Errorf("interface %q: %w", p.Interface, err)
		}
		t.base = append(t.base, s)
	}
	var err error
	if lcores == nil {
		t.job, err = dp.Run(ctx, raw)
	} else {
		t.job, err = dp.RunOn(ctx, raw, lcores)
	}
	if err != nil {
		return nil, err
	}
	t.sampler = machine.New(rootfs.FS{}, threads(t.job))
	t.begin, t.began = t.sampler.Sample(), time.Now()
	return t, nil
}

// look remembers who is away, and since when.
func (t *tally) look(ctx context.Context) {
	if t.absent != nil {
		return
	}
	who := t.dp.Absent(ctx)
	if who == "" {
		return
	}
	t.absent = &bench.Absence{What: who, After: time.Since(t.began)}
	if t.absent.After < dataplane.PollInterval {
		t.absent.After = 0 // it was never seen
	}
}

// read gives the counters of every port so far.
func (t *tally) read(ctx context.Context) ([]result.Interface, error) {
	out := make([]result.Interface, len(t.dp.Ports))
	for i, s := range t.streams {
		c := t.job.Counters(i)
		out[s.rx].RxPackets += c.RxPackets + c.RxOther + c.RxChanged()
		out[s.rx].RxBytes += c.RxBytes
		out[s.tx].TxPackets += c.TxPackets
		out[s.tx].TxBytes += c.TxBytes
		out[s.tx].TxRefused += c.TxRefused
	}
	for i, p := range t.dp.Ports {
		s, err := p.Stats(ctx)
		if err != nil {
			return nil, fmt.Errorf("interface %q: %w", p.Interface, err)
		}
		o, base := &out[i], t.base[i]
		o.Name, o.Port, o.MAC = p.Interface, p.Name, p.MAC.String()
		o.RxMissed = since(base.RxMissed, s.RxMissed)
		o.RxErrors = since(base.RxErrors, s.RxErrors)
		o.RxNoMbuf = since(base.RxNoMbuf, s.RxNoMbuf)
		o.TxErrors = since(base.TxErrors, s.TxErrors)
		if !p.Forgets() {
			o.RxBytes = since(base.RxBytes, s.RxBytes)
			o.TxBytes = since(base.TxBytes, s.TxBytes)
		}
		if o.RxBytes > 0 { // net_null counts none
			o.RxBytes += result.FCS * o.RxPackets
		}
		if o.TxBytes > 0 {
			o.TxBytes += result.FCS * o.TxPackets
		}
	}
	return out, nil
}

// faults are the faults that streams have made so far; nil: no stream makes faults.
func (t *tally) faults() *result.Faults {
	var f *result.Faults
	for i, s := range t.streams {
		if s.Mode != dpdk.Impair {
			continue
		}
		if f == nil {
			f = &result.Faults{}
		}
		c := t.job.Counters(i)
		f.Dropped += c.Dropped
		f.Overflowed += c.Overflowed
		f.Duplicated += c.Duplicated
		f.Reordered += c.Held
	}
	return f
}

// since is how much a counter has grown. The counter may have begun again at 0.
func since(base, now uint64) uint64 {
	if now < base {
		return now
	}
	return now - base
}

// polled names the interface and the queue that a stream polls.
func (t *tally) polled(s Stream) string {
	q := s.Polled()
	for _, p := range t.dp.Ports {
		if p.Port == q.Port {
			return fmt.Sprintf("%s queue %d", p.Interface, q.Index)
		}
	}
	return "a ring in memory"
}

// lcores tells how much CPU time the job's threads have had so far, and what they poll.
func (t *tally) lcores() []result.Thread {
	threads := t.begin.Until(t.sampler.Sample()).Threads
	for i := range threads {
		for n, s := range t.streams {
			if t.job.Lcore(n).ID == threads[i].ID {
				threads[i].Polls = append(threads[i].Polls, t.polled(s))
			}
		}
	}
	return threads
}
