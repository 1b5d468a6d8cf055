package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/result"
)

// Mesh is a pod's way to many others, over each of its ports, which are its rails. Between
// tasks no lcore polls.
type Mesh struct {
	dp       *dataplane.Dataplane
	rails    []result.FabricRail
	observer PathObserver
}

var _ fabric.Path = (*Mesh)(nil)

// NewMesh makes the ports of a dataplane rails, which say of the ports what other pods
// need to know, in the same order.
func NewMesh(dp *dataplane.Dataplane, rails []result.FabricRail, o PathObserver) *Mesh {
	return &Mesh{dp, rails, o}
}

// Rails implements fabric.Path.
func (m *Mesh) Rails() []result.FabricRail { return m.rails }

// meshFlows is how many UDP flows a task has: both ends have to know.
const meshFlows = 254

// Trials of a task, by whose number both ends know their packets.
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

// path is the way of a task, from this pod.
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

// numbered is a path whose trials are told apart by their numbers.
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

// generated is what a measurement says of a task. That of a search is what its last
// valid trial at the lower bound of the first goal counted, or the last of all.
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
	err = run.job.Stop(own)
	if failed = errors.Join(failed, err); failed != nil {
		return fabric.Reflected{}, failed
	}
	var arrived uint64
	for i := range streams {
		arrived += run.job.Counters(i).RxPackets
	}
	if t.NDR {
		return fabric.Reflected{}, nil // of many trials
	}
	return fabric.Reflected{Arrived: &arrived}, nil
}

// await waits until the sender has finished.
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

// halves are the lcores that send while the others receive.
func (m *Mesh) halves() (send, receive []dpdk.Lcore, err error) {
	all := m.dp.Polling()
	if len(all) < 2 {
		return nil, nil, dataplane.NotReady(errors.New("to send and to receive at once takes two CPUs that poll, beside the first: give the pod 3 CPUs, or use the mode pairs"))
	}
	return all[:len(all)/2], all[len(all)/2:], nil
}

// flow is what a task sends. own is the end that this pod is.
func (m *Mesh) flow(t fabric.Task, own fabric.End) (bench.Flow, error) {
	f := bench.Flow{SrcPort: 49184, DstPort: 7, Flows: meshFlows}
	if own.Rail < 0 || own.Rail >= len(m.dp.Ports) {
		return f, fmt.Errorf("rail %d: this pod has %d", own.Rail, len(m.dp.Ports))
	}
	var err error
	if f.SrcMAC, err = stationOf(t.From); err != nil {
		return f, err
	}
	if f.DstMAC, err = stationOf(t.To); err != nil {
		return f, err
	}
	hosts := append(shared(t.From, t.To), [2]netip.Addr{benchmarking(t.From), benchmarking(t.To)})
	for _, h := range hosts {
		f.SrcIP, f.DstIP = h[0], h[1]
		if err = checkSizes(f, t.Mix); err == nil {
			break
		}
	}
	return f, err
}

// checkSizes tells whether the flow can be sent in frames of each of the sizes.
func checkSizes(f bench.Flow, m result.Mix) error {
	for _, s := range m {
		if err := f.Check(s.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// stationOf is the MAC address of an end, which another pod has told.
func stationOf(e fabric.End) (net.HardwareAddr, error) {
	mac, err := net.ParseMAC(e.Port.MAC)
	if err != nil || !bench.Unicast(mac) {
		return nil, fmt.Errorf("rail %d of %s: MAC address %q: must be that of one station", e.Rail, e.Node, e.Port.MAC)
	}
	return mac, nil
}

// vdev is the kind of a device that the pod was not given, such as a packet socket on an
// interface of the kernel's, which has its addresses too and answers for them.
const vdev = "vdev"

// shared are the addresses of two ends that are of one family.
func shared(from, to fabric.End) (list [][2]netip.Addr) {
	for _, a := range own(from) {
		for _, b := range own(to) {
			if a.Is4() == b.Is4() && a != b {
				list = append(list, [2]netip.Addr{a, b})
			}
		}
	}
	return list
}

// own are the addresses that are a rail's alone.
func own(e fabric.End) (list []netip.Addr) {
	if e.Port.Kind == vdev {
		return nil
	}
	for _, s := range e.Port.IPs {
		if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" && !ip.IsMulticast() && !ip.IsUnspecified() && !ip.IsLoopback() {
			list = append(list, ip.Unmap())
		}
	}
	return list
}

// benchmarking is an address of those that RFC 2544 has set apart (198.18.0.0/15), which
// no other rail of the run has.
func benchmarking(e fabric.End) netip.Addr {
	n := (e.Index+1)*fabric.MaxRails + e.Rail
	return netip.AddrFrom4([4]byte{198, byte(18 + n>>16&1), byte(n >> 8), byte(n)})
}
