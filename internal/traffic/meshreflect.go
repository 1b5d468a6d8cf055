package traffic

import (
	"context"
	"errors"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/result"
)

// Reflect implements fabric.Path.
func (m *Mesh) Reflect(ctx context.Context, t fabric.Task, ready func(), stop <-chan struct{}) (fabric.Reflected, error) {
	flow, err := m.flow(t, t.To)
	if err != nil {
		return fabric.Reflected{}, err
	}
	own, done := dataplane.Orderly(ctx)
	defer done()
	streams, lcores, err := m.receiving(t, flow)
	if err != nil {
		return fabric.Reflected{}, err
	}
	run, err := runTallied(own, m.dp, streams, lcores)
	if err != nil {
		return fabric.Reflected{}, err
	}
	defer run.job.Free()
	m.observer.Running(run.job)
	defer m.observer.Running(nil)
	ready()
	failed := m.await(ctx, t, run, stop)
	counts, err := m.counted(own, t, run)
	if failed = errors.Join(failed, err, run.job.Stop(own)); failed != nil {
		return fabric.Reflected{}, failed
	}
	if t.NDR {
		return fabric.Reflected{}, nil // many trials, at rates that this end does not know
	}
	return fabric.Reflected{Arrived: &counts.Received, Limits: bench.ReceiverLimits(m.rate(own, t), counts)}, nil
}

// rate is a task's rate in packets per second, 0 for as fast as it goes.
func (m *Mesh) rate(ctx context.Context, t fabric.Task) float64 {
	// Its sender has refused one that cannot be read.
	pps, _ := bench.ParseRate(t.Rate, t.Mix.Mean(), m.dp.Ports[t.To.Rail].LineRate(ctx))
	return pps
}

// counted gives a receiver's counts, and how punctual it was.
func (m *Mesh) counted(ctx context.Context, t fabric.Task, run *tally) (c bench.Counts, err error) {
	for i := range run.streams {
		c.Received += run.job.Counters(i).RxPackets
	}
	port := m.dp.Ports[t.To.Rail]
	ring, _ := port.Rings()
	for i, s := range run.streams {
		gap, load := run.job.Punctuality(i).Gap, m.rate(ctx, t)
		if c.Received > 0 {
			load *= float64(run.job.Counters(i).RxPackets) / float64(c.Received)
		}
		c.RxQueues = append(c.RxQueues, result.RxQueue{
			Interface: port.Interface, Queue: s.Rx.Index, Lcore: run.job.Lcore(i).ID, Ring: ring,
			GapUs: float64(gap.Nanoseconds()) / 1e3, Gap: uint64(load * gap.Seconds()),
		})
	}
	c.Machine, c.Absent = run.begin.Until(run.sampler.Sample()), run.absent
	list, err := run.read(ctx)
	if err != nil {
		return c, err
	}
	c.Interfaces = list[t.To.Rail : t.To.Rail+1]
	return c, nil
}

// await waits until the sender has finished, and sees to the peers meanwhile.
func (m *Mesh) await(ctx context.Context, t fabric.Task, run *tally, stop <-chan struct{}) error {
	look := time.NewTicker(dataplane.PollInterval)
	defer look.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
			run.look(ctx)
			if t.OneWay {
				continue // the job of the other direction uses the port too
			}
			if err := m.dp.Keep(ctx, run.job); err != nil {
				return err
			}
		}
	}
}

// receiving are the streams that send a task's packets back, or count them.
func (m *Mesh) receiving(t fabric.Task, flow bench.Flow) (list []Stream, lcores []dpdk.Lcore, err error) {
	frames, offset, err := flow.Frames(t.Mix, t.Signature)
	if err != nil {
		return nil, nil, err
	}
	var payloads []int
	for _, f := range frames {
		payloads = append(payloads, len(f)-offset)
	}
	if t.OneWay {
		if _, lcores, err = m.halves(); err != nil {
			return nil, nil, err
		}
	}
	rail := t.To.Rail
	port := m.dp.Ports[rail]
	for q := range port.Queues {
		s := Stream{rx: rail, tx: rail, Stream: dpdk.Stream{
			Mode: dpdk.Reflect, Rx: dpdk.Queue{Port: port.Port, Index: q}, Tx: dpdk.Queue{Port: port.Port, Index: q},
			Src: port.MAC, Signature: t.Signature, StampOffset: offset, Flows: meshFlows,
		}}
		if t.OneWay {
			s.Mode, s.Tx, s.Elsewhere, s.Payloads = dpdk.Verify, dpdk.Queue{}, true, payloads
		}
		list = append(list, s)
	}
	return list, lcores, nil
}
