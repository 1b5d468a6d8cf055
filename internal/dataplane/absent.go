package dataplane

import (
	"context"
	"fmt"

	"github.com/podnet/podnet/lib/eal"
)

// Absent names a peer, or a link, that a port has not; empty: all have theirs, or
// need none.
func (d *Dataplane) Absent(ctx context.Context) string {
	if !d.cfg.AwaitPeers {
		return ""
	}
	for _, p := range d.Ports {
		if _, vdpa := p.Device.(eal.VirtioUser); vdpa && p.socket == nil {
			continue // nobody tells its link (awaitLink)
		}
		if up, err := p.LinkUp(ctx); up || err != nil {
			continue
		}
		if p.socket != nil {
			return "the peer " + p.socket.path
		}
		return fmt.Sprintf("the link of %s", p.Interface)
	}
	return ""
}
