package traffic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
)

// addNeighbors lets each port stand for the hosts on its side of the router.
func (p *Path) addNeighbors() error {
	for _, port := range p.dp.Ports {
		p.neighbors = append(p.neighbors, bench.Neighbor{MAC: port.MAC})
	}
	for _, d := range p.directions {
		src, dst, err := d.flow.Hosts()
		if err != nil {
			return err
		}
		p.neighbors[d.tx].Addresses = append(p.neighbors[d.tx].Addresses, src)
		p.neighbors[d.rx].Addresses = append(p.neighbors[d.rx].Addresses, dst)
	}
	return nil
}

// hosts is a port that answers for its hosts whenever a frame is taken from it.
type hosts struct {
	*dataplane.Port
	bench.Neighbor
}

// Receive implements bench.Receiver.
func (h hosts) Receive(ctx context.Context) []byte {
	frame := h.Port.Receive(ctx)
	if answer := h.Answer(frame); answer != nil {
		_ = h.Send(ctx, answer) // who asks, asks again
	}
	return frame
}

// passes waits until the router forwards a probe. Before that, the router asks for the
// hosts.
func (p *Path) passes(ctx context.Context, d direction, timeout time.Duration) error {
	tx, rx := p.dp.Ports[d.tx], p.dp.Ports[d.rx]
	flow := d.flow
	flow.SrcMAC, flow.DstMAC = tx.MAC, d.dst
	waiting, cancel := dataplane.Awaiting(ctx, timeout)
	defer cancel()
	_, err := bench.Probe(waiting, tx, hosts{rx, p.neighbors[d.rx]}, flow)
	if errors.Is(err, bench.ErrNoAnswer) {
		if !errors.Is(context.Cause(waiting), dataplane.ErrNoPeer) {
			return context.Cause(waiting)
		}
		return dataplane.NotReady(fmt.Errorf("interface %q: no probe frame came back on %q within %s: see that %s is the router's address there, "+
			"that it forwards, and that it has a route to %s on the link of %q", tx.Interface, rx.Interface, timeout, d.dst, flow.DstIP, rx.Interface))
	}
	return err
}

// answer answers the questions for hosts. The answer goes out through a stream, so that
// nobody else sends on the stream's queue meanwhile.
func (p *Path) answer(run *tally) {
	for i, s := range run.streams {
		if s.Mode != dpdk.Verify {
			continue
		}
		from := slices.IndexFunc(run.streams, func(g Stream) bool {
			return g.Mode == dpdk.Generate && g.tx == s.rx && g.Tx.Index == s.Rx.Index
		})
		if from < 0 {
			from = i
		}
		for frame := run.job.Question(i); frame != nil; frame = run.job.Question(i) {
			if reply := p.neighbors[s.rx].Answer(frame); reply != nil {
				run.job.Answer(from, reply)
			}
		}
	}
}
