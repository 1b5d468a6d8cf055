package traffic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
)

// Learn finds the destination address by a probe that goes out on tx and comes back on rx
// within timeout; 0 is for ever. A probe that comes back shows that the whole path is ready.
func Learn(ctx context.Context, tx, rx *dataplane.Port, flow bench.Flow, timeout time.Duration) (net.HardwareAddr, error) {
	flow.SrcMAC = tx.MAC
	flow.DstMAC = rx.MAC
	if tx == rx {
		flow.DstMAC = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	waiting, cancel := dataplane.Awaiting(ctx, timeout)
	defer cancel()
	from, err := bench.Probe(waiting, tx, rx, flow)
	if errors.Is(err, bench.ErrNoAnswer) {
		if !errors.Is(context.Cause(waiting), dataplane.ErrNoPeer) {
			return nil, context.Cause(waiting)
		}
		return nil, dataplane.NotReady(fmt.Errorf("interface %q: no probe frame came back on %q within %s: "+
			"see that the peer forwards or reflects frames, or give --dst-mac an address", tx.Interface, rx.Interface, timeout))
	}
	if err != nil {
		return nil, err
	}
	if tx != rx {
		return rx.MAC, nil
	}
	if bench.Unicast(from) {
		return from, nil // the peer's own, or ours from one that changes nothing
	}
	return tx.MAC, nil
}
