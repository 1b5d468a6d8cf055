package traffic

import (
	"context"
	"errors"
	"math"
	"net"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
)

// Path is the way between two ports, in one direction or in both.
type Path struct {
	dp         *dataplane.Dataplane
	directions []direction
	neighbors  []bench.Neighbor // of the ports; none: nobody asks for one
	observer   PathObserver
	known      *identity // of the packets, if somebody else counts them too; nil: each trial has its own
	alone      bool      // nothing comes back, and other jobs run on the same ports
	lcores     []dpdk.Lcore
}

// identity lets another pod recognize a task's packets: by the signature, and by the flows
// of each trial.
type identity struct {
	signature uint32
	trial     int // the flows of trial n begin behind the flows of n trials
}

// first is the first flow of a trial with so many flows. A trial has an earlier one's flows
// again only after thousands of trials.
func (i *identity) first(flows int) int { return i.trial % (maxStampedFlows / flows) * flows }

// maxStampedFlows is how many flows a stamp tells beside a whole number.
const maxStampedFlows = 1 << 16

var _ bench.Path = (*Path)(nil)

// direction is one way of a path. The ports are indices into the dataplane's.
type direction struct {
	tx, rx int
	dst    net.HardwareAddr
	flow   bench.Flow // without its MAC addresses
}

// PathConfig says what to send on a path.
type PathConfig struct {
	// Flow describes the packets to send, without their MAC addresses. The path
	// learns a destination that it lacks.
	Flow          bench.Flow
	Bidirectional bool
	// Gateways are the MAC addresses of the router that packets go through, on the side
	// of each direction; none: there is no router. With a router, the ports answer its
	// questions for the flows' hosts.
	Gateways    []net.HardwareAddr
	PeerTimeout time.Duration // how long to wait for a probe to come back; 0: for ever
	Observer    PathObserver
}

// NewPath finds the way from the first port to the last, which may be the same, and
// learns where to send to.
func NewPath(ctx context.Context, dp *dataplane.Dataplane, c PathConfig) (*Path, error) {
	p := &Path{dp: dp, observer: c.Observer, directions: []direction{{rx: len(dp.Ports) - 1, flow: c.Flow}}}
	if c.Bidirectional {
		p.directions = append(p.directions, direction{tx: len(dp.Ports) - 1, flow: c.Flow.Reversed()})
	}
	var err error
	if len(c.Gateways) > 0 {
		if err = p.addNeighbors(); err != nil {
			return nil, err
		}
	}
	for i := range p.directions {
		d := &p.directions[i]
		switch {
		case len(c.Gateways) > 0:
			d.dst = c.Gateways[min(i, len(c.Gateways)-1)]
			if err = p.passes(ctx, *d, c.PeerTimeout); err != nil {
				return nil, err
			}
		case c.Flow.DstMAC != nil:
			d.dst = c.Flow.DstMAC
		default:
			if d.dst, err = Learn(ctx, dp.Ports[d.tx], dp.Ports[d.rx], d.flow, c.PeerTimeout); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// Ends are the interfaces of the first direction, and where it sends to.
func (p *Path) Ends() (tx, rx string, dst net.HardwareAddr) {
	d := p.directions[0]
	return p.dp.Ports[d.tx].Interface, p.dp.Ports[d.rx].Interface, d.dst
}

// Directions is how many there are.
func (p *Path) Directions() int { return len(p.directions) }

// lateLimit is how late a generator may still catch up with its schedule.
const lateLimit = 100 * time.Millisecond

// flows is how many flows a direction has.
func (p *Path) flows() int { return max(p.directions[0].flow.Flows, 1) }

// Trial implements bench.Path.
func (p *Path) Trial(ctx context.Context, t bench.Trial) (bench.Counts, error) {
	streams, err := p.streams(t)
	if err != nil {
		return bench.Counts{}, err
	}
	own, done := dataplane.Orderly(ctx)
	defer done()
	run, err := runTallied(own, p.dp, streams, p.lcores)
	if err != nil {
		return bench.Counts{}, err
	}
	defer run.job.Free()
	p.observer.Running(run.job)
	defer p.observer.Running(nil)
	p.observer.Links(p.dp.Down(own))
	run.look(own)
	if p.neighbors != nil {
		run.answer = func() { p.answer(run) }
	}
	m := newMeter(p, run, t)

	interval := t.Window
	if interval == 0 {
		interval = time.Second
	}
	sending, cancel := context.WithTimeout(ctx, t.Duration)
	keep := p.dp.Keep
	if p.alone {
		keep = func(context.Context, *dpdk.Job) error { return nil } // for others' sake
	}
	failed := watch(sending, keep, run, interval, func(now time.Time) error {
		p.observer.Links(p.dp.Down(own))
		c, err := m.tick(own, now, t.Window > 0)
		if err == nil && t.Partial != nil {
			err = t.Partial(c)
		}
		return err
	})
	cancel()
	if t.Rate > 0 && ctx.Err() == nil && failed == nil {
		asked := limits(streams)
		for end := time.Now().Add(lateLimit); m.sum().Offered < asked && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	m.sent()
	run.job.StopTx()
	if !p.alone {
		settle(ctx, m.sum)
	}
	c, err := m.finish(own, t.Window > 0)
	return c, errors.Join(failed, run.job.Stop(own), err)
}

// streams makes the trial's streams. Each direction has one stream per queue that receives,
// and one per queue that sends, as long as there are flows for it.
func (p *Path) streams(t bench.Trial) ([]Stream, error) {
	signature, first := bench.NewSignature(), 0
	if p.known != nil {
		signature, first = p.known.signature, p.known.first(p.flows())
	}
	var out []Stream
	for i, d := range p.directions {
		tx, rx := p.dp.Ports[d.tx], p.dp.Ports[d.rx]
		flow := d.flow
		flow.SrcMAC, flow.DstMAC = tx.MAC, d.dst
		vary, err := varies(flow)
		if err != nil {
			return nil, err
		}
		frames, offset, err := flow.Frames(t.Mix, signature+uint32(i))
		if err != nil {
			return nil, err
		}
		var payloads []int
		for _, f := range frames {
			payloads = append(payloads, len(f)-offset)
		}
		share := 1 / float64(len(p.directions))
		sends := divide(p.flows(), min(tx.Queues, p.flows()))
		// before is the part of the trial that is for the streams before a flow.
		before := func(flow int) float64 { return (float64(i) + float64(flow)/float64(p.flows())) * share }
		for q := range max(rx.Queues, len(sends)) {
			if q < rx.Queues && !p.alone {
				vlan, at := flow.Arrives(offset)
				out = append(out, Stream{rx: d.rx, Stream: dpdk.Stream{
					Mode: dpdk.Verify, Rx: dpdk.Queue{Port: rx.Port, Index: q},
					Signature: signature + uint32(i), StampOffset: at, FirstFlow: first, Flows: p.flows(),
					Payloads: payloads, VLAN: vlan, Answers: p.neighbors != nil,
				}})
			}
			if q < len(sends) {
				from, to := before(sends[q].first), before(sends[q].first+sends[q].n)
				out = append(out, Stream{tx: d.tx, Stream: dpdk.Stream{
					Mode: dpdk.Generate, Tx: dpdk.Queue{Port: tx.Port, Index: q},
					Frames: frames, Pattern: t.Mix.Pattern(), StampOffset: offset,
					FirstFlow: first + sends[q].first, Flows: sends[q].n, AllFlows: first + p.flows(), Vary: vary,
					Rate: t.Rate * (to - from), Limit: limit(t, from, to),
				}})
			}
		}
	}
	return out, nil
}

// limit is how many packets a stream sends whose part of the trial is between from and to.
// All streams together send the trial's number.
func limit(t bench.Trial, from, to float64) uint64 {
	n := float64(t.Schedule())
	return uint64(math.Round(n*to)) - uint64(math.Round(n*from))
}

// limits is how many packets the streams send together.
func limits(streams []Stream) (n uint64) {
	for _, s := range streams {
		n += s.Limit
	}
	return n
}

// portion is a run of flows.
type portion struct{ first, n int }

// divide deals n flows out in equal portions.
func divide(n, portions int) []portion {
	var out []portion
	for i := range portions {
		first := n * i / portions
		out = append(out, portion{first, n*(i+1)/portions - first})
	}
	return out
}

// varies is how the packets of a flow differ.
func varies(f bench.Flow) (v dpdk.Vary, err error) {
	values, err := f.Values()
	return dpdk.Vary{
		SrcIP: values[bench.SrcIP], DstIP: values[bench.DstIP], SrcPort: values[bench.SrcPort], DstPort: values[bench.DstPort],
	}, err
}
