package traffic

import (
	"context"
	"math"
	"net"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
)

// RunConfig says what the ports of a dataplane do with packets.
type RunConfig struct {
	Mode dpdk.Mode // IO, MAC, MACSwap, RxOnly or TxOnly
	// Flow describes the packets of TxOnly, in frames of FrameSize bytes with the FCS,
	// at Rate packets per second on each port; 0 is as fast as it goes. Mode MAC uses
	// the Flow's destination too. The default is 02:00:00:00:00:0N, where N counts the
	// receiving port from 0.
	Flow      bench.Flow
	FrameSize int
	Rate      float64
	// Learn makes TxOnly learn the destination from a probe that comes back within
	// PeerTimeout; 0 is for ever.
	Learn       bool
	PeerTimeout time.Duration
}

// RunStreams makes a stream for every queue of every port. Forwarding goes between
// the first and the second port, the third and the fourth and so on; a last one
// without a partner sends back what it receives.
func RunStreams(ctx context.Context, dp *dataplane.Dataplane, c RunConfig) (streams []Stream, err error) {
	for i, rx := range dp.Ports {
		to := i ^ 1
		if to == len(dp.Ports) || c.Mode == dpdk.TxOnly {
			to = i
		}
		s, err := c.stream(ctx, dp.Ports[to], to)
		if err != nil {
			return nil, err
		}
		s.rx = i
		if tx := dp.Ports[to]; c.Mode != dpdk.TxOnly {
			tx.Carries(rx.Port)
		}
		for q := range rx.Queues {
			s.Rx, s.Tx = dpdk.Queue{Port: rx.Port, Index: q}, dpdk.Queue{Port: dp.Ports[to].Port, Index: q}
			streams = append(streams, s)
		}
	}
	return streams, nil
}

// stream is the stream for each queue of the port tx, whose index is to.
func (c RunConfig) stream(ctx context.Context, tx *dataplane.Port, to int) (s Stream, err error) {
	s = Stream{tx: to, Stream: dpdk.Stream{Mode: c.Mode, Src: tx.MAC, Dst: c.Flow.DstMAC}}
	switch {
	case c.Learn:
		if s.Dst, err = Learn(ctx, tx, tx, c.Flow, c.PeerTimeout); err != nil {
			return s, err
		}
	case s.Dst == nil:
		s.Dst = net.HardwareAddr{2, 0, 0, 0, 0, byte(to)}
	}
	if c.Mode == dpdk.TxOnly {
		s.Rate, s.Limit = c.Rate/float64(tx.Queues), math.MaxUint64
		flow := c.Flow
		flow.SrcMAC, flow.DstMAC = tx.MAC, s.Dst
		s.Frame, _, err = flow.Frame(c.FrameSize, bench.NewSignature())
	}
	return s, err
}
