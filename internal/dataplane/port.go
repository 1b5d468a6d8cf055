package dataplane

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Port is a port, the interface that it is of, and its device.
type Port struct {
	*dpdk.Port
	Interface string
	Device    eal.Device
	Queues    int

	socket  *socket // nil: none
	refused error   // why the last attempt to connect again failed; nil: it did not
}

// startWhenReady starts the port; a client of memif not before its server
// listens. A port without a peer has no time limit for its start.
func (p *Port) startWhenReady(ctx, waiting context.Context) error {
	if p.socket != nil {
		ctx = waiting
	}
	for {
		if p.socket != nil && p.socket.kind == podnet.KindMemif && !p.socket.server {
			if err := p.socket.await(ctx); err != nil {
				return err
			}
		}
		err := p.Start(ctx)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("interface %q: %w", p.Interface, err)
		if ctx.Err() == nil && (p.socket == nil || p.socket.server) {
			return err
		}
		select {
		case <-ctx.Done():
			return WhileWaiting(ctx, err)
		case <-time.After(PollInterval):
		}
	}
}

// awaitLink waits until the port has a link: on a socket, until the peer is there.
// DPDK 22.11 never tells a link of virtio_user on a vDPA device, which has nobody
// to wait for either.
func (p *Port) awaitLink(ctx context.Context) error {
	if _, vdpa := p.Device.(eal.VirtioUser); vdpa && p.socket == nil {
		return nil
	}
	for {
		if up, _ := p.LinkUp(ctx); up {
			return nil
		}
		select {
		case <-ctx.Done():
			if p.socket != nil {
				return WhileWaiting(ctx, p.Explain(fmt.Errorf("%s: no peer connected in time: start the peer, or raise --peer-timeout", p.socket)))
			}
			return WhileWaiting(ctx, fmt.Errorf("interface %q: no link: see that the link of the PF, or of what else is below it, is up on the node", p.Interface))
		case <-time.After(PollInterval):
		}
	}
}

// LineRate is the rate of the port's medium, in bits per second; 0: not known, as for
// every virtual device.
func (p *Port) LineRate(ctx context.Context) float64 {
	switch p.Device.(type) {
	case eal.PCI, eal.Auxiliary:
		speed, _ := p.LinkSpeed(ctx) // then it is not known
		return speed
	}
	return 0
}

// ErrHungUp means that a peer has gone that cannot come back.
var ErrHungUp = errors.New("the peer hung up")

// Keep sees to the ports' peers, once. It fails when one has gone that cannot come
// back.
func (d *Dataplane) Keep(ctx context.Context, job *dpdk.Job) error {
	for _, p := range d.Ports {
		if err := p.keep(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

// keep sees to a peer that has gone. Servers, and the sockets that net_vhost
// connects to, get it back by themselves. A memif client is made to connect again
// once there is somebody to connect to; virtio_user cannot be.
func (p *Port) keep(ctx context.Context, job *dpdk.Job) error {
	if p.socket == nil || p.socket.server {
		return nil
	}
	up, err := p.LinkUp(ctx)
	switch {
	case err != nil: // told to stop meanwhile
	case up:
		p.refused = nil
	case p.socket.connectsEarly:
		return fmt.Errorf("%s: %w, and DPDK's virtio_user does not connect again as a client: "+
			"start again when the peer is back, or let the pod make the socket (mode server)", p.socket, ErrHungUp)
	case p.socket.kind == podnet.KindMemif && p.socket.alive(ctx) == nil:
		// The server may have bound its socket and not listen on it yet, so the next
		// look tries again; meanwhile no loop uses the port.
		if err := job.Restart(ctx, p.Port); ctx.Err() == nil {
			p.refused = err
		}
	}
	return nil
}

// Down says which port has no link; empty: all have theirs, or need none.
func (d *Dataplane) Down(ctx context.Context) string {
	for _, p := range d.Ports {
		up := !d.cfg.AwaitPeers
		if !up {
			up, _ = p.LinkUp(ctx)
		}
		switch {
		case up:
		case p.refused != nil:
			return fmt.Sprintf("%s: no peer, and connecting again failed: %v", p.socket, p.refused)
		case p.socket != nil:
			return p.socket.String() + ": no peer"
		default:
			return fmt.Sprintf("interface %q: no link", p.Interface)
		}
	}
	return ""
}
