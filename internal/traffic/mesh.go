package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/result"
)

// Mesh connects a pod with many others. Each of its ports is a rail. Between tasks no lcore
// polls.
type Mesh struct {
	dp       *dataplane.Dataplane
	rails    []result.FabricRail
	observer PathObserver
}

var _ fabric.Path = (*Mesh)(nil)

// NewMesh makes a mesh of a dataplane's ports. rails describe the ports to other pods, in
// the same order.
func NewMesh(dp *dataplane.Dataplane, rails []result.FabricRail, o PathObserver) *Mesh {
	return &Mesh{dp, rails, o}
}

// Rails implements fabric.Path.
func (m *Mesh) Rails() []result.FabricRail { return m.rails }

// meshFlows is how many UDP flows a task has: both ends have to know.
const meshFlows = 254

// The numbers of a task's trials. By them both ends know their packets.
const (
	measured = 0
	warmUp   = 1
	searched = 2 // the first of a search
)

// Generate implements fabric.Path.
func (m *Mesh) Generate(ctx context.Context, t fabric.Task) (fabric.Generated, error) {
	way, err := m.path(t)
	if err != nil {
		return fabric.Generated{}, err
	}
	rate, err := bench.ParseRate(t.Rate, t.Mix.Mean(), m.dp.Ports[t.From.Rail].LineRate(ctx))
	if err != nil {
		return fabric.Generated{}, err
	}
	var got result.Measurement
	if t.NDR {
		got, err = m.search(ctx, way, t, rate)
	} else {
		got, err = m.fixed(ctx, way, t, rate)
	}
	switch {
	case ctx.Err() != nil:
		return fabric.Generated{}, context.Cause(ctx)
	case err != nil:
		return fabric.Generated{}, err
	}
	return generated(t, got)
}

// path is a task's path, from this pod.
func (m *Mesh) path(t fabric.Task) (*Path, error) {
	flow, err := m.flow(t, t.From)
	if err != nil {
		return nil, err
	}
	rail := t.From.Rail
	p := &Path{
		dp: m.dp, observer: m.observer, known: &identity{signature: t.Signature},
		directions: []direction{{tx: rail, rx: rail, dst: flow.DstMAC, flow: flow}},
	}
	if t.OneWay {
		if p.lcores, _, err = m.halves(); err != nil {
			return nil, err
		}
		p.alone = true
	}
	return p, nil
}

// fixed measures one trial at one rate.
func (m *Mesh) fixed(ctx context.Context, way *Path, t fabric.Task, rate float64) (result.Measurement, error) {
	if t.Warmup > 0 {
		way.known.trial = warmUp
		if _, err := way.Trial(ctx, bench.Trial{Mix: t.Mix, Rate: rate, Duration: t.Warmup}); err != nil {
			return result.Measurement{}, fmt.Errorf("warm-up: %w", err)
		}
	}
	way.known.trial = measured
	return bench.Fixed(ctx, &bench.Runner{Path: way, Mix: t.Mix}, rate, t.Trial, 0)
}

// numbered is a path whose trials have different numbers.
type numbered struct{ *Path }

// Trial implements bench.Path.
func (n numbered) Trial(ctx context.Context, t bench.Trial) (bench.Counts, error) {
	n.known.trial++
	return n.Path.Trial(ctx, t)
}

// search looks for the highest rates without loss, in the task's time.
func (m *Mesh) search(ctx context.Context, way *Path, t fabric.Task, most float64) (result.Measurement, error) {
	preset, err := bench.ParsePreset(bench.QuickPreset)
	if err != nil {
		return result.Measurement{}, err
	}
	way.known.trial = searched - 1
	r := &bench.Runner{Path: numbered{way}, Mix: t.Mix, MaxRate: most, Warmup: t.Warmup}
	cfg := preset.NDRConfig
	cfg.Limit = t.Trial
	return bench.NDR(ctx, r, cfg)
}

// generated takes a task's counts from its measurement. A search has the counts of its
// last valid trial at the lower bound of the first goal, or else of its last trial.
func generated(t fabric.Task, m result.Measurement) (fabric.Generated, error) {
	if len(m.Trials) == 0 {
		return fabric.Generated{}, errors.New(cmp.Or(m.Reason, "nothing could be sent"))
	}
	last := m.Trials[len(m.Trials)-1]
	g := fabric.Generated{Valid: m.Valid, Reason: m.Reason}
	if t.NDR && len(m.Goals) > 0 {
		g.NDR = &m.Goals[0]
		for _, trial := range m.Trials {
			if g.NDR.Lower != nil && trial.Valid && trial.Requested.Mpps != nil && *trial.Requested.Mpps == g.NDR.Lower.Mpps {
				last = trial
			}
		}
	}
	g.Started, g.Seconds, g.Limits = last.Started, last.Seconds, last.Limits
	g.Offered, g.Sent, g.RTT = last.Offered, last.Sent.Packets, last.RTT
	if !t.OneWay {
		g.Returned = &last.Received.Packets
	}
	return g, nil
}

// halves are the lcores that send while the others receive.
func (m *Mesh) halves() (send, receive []dpdk.Lcore, err error) {
	all := m.dp.Polling()
	if len(all) < 2 {
		return nil, nil, dataplane.NotReady(errors.New("to send and to receive at once takes two CPUs that poll, beside the first: give the pod 3 CPUs, or use the mode pairs"))
	}
	return all[:len(all)/2], all[len(all)/2:], nil
}

// Check tells whether the pod can do what tasks ask for: in both directions at once it
// takes two lcores.
func (m *Mesh) Check(atOnce bool) error {
	if !atOnce {
		return nil
	}
	_, _, err := m.halves()
	return err
}
