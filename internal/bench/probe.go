package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"time"
)

// Sender sends single frames.
type Sender interface {
	Send(ctx context.Context, frame []byte) error
}

// Receiver takes single frames; nil if there is none.
type Receiver interface {
	Receive(ctx context.Context) []byte
}

// ErrNoAnswer means that no probe came back in time.
var ErrNoAnswer = errors.New("no probe frame came back")

// probeSize is the size of a probe frame on the wire, with the FCS.
const probeSize = 128

// probeInterval is the time between two probes.
const probeInterval = 20 * time.Millisecond

// probeQuiet is how long no probe may have come for the path to be empty.
const probeQuiet = 50 * time.Millisecond

// Probe sends a frame of the flow until it comes back, which shows that the
// whole path is ready, and returns the source address that it came back with. A peer
// that answers puts its own address there; a path that does not touch the frame
// leaves the flow's. Probe then waits for the probes that are still on their way. It
// returns ErrNoAnswer when ctx ends first, and ignores frames from others.
func Probe(ctx context.Context, out Sender, in Receiver, flow Flow) (net.HardwareAddr, error) {
	// Enough for the largest headers, and another signature than any trial's.
	frame, offset, err := flow.Frame(probeSize, NewSignature())
	if err != nil {
		return nil, err
	}
	want := frame[offset : offset+signatureLen]
	_, at := flow.Arrives(offset)
	var from net.HardwareAddr
	var sent, came time.Time // the last probe
	for ctx.Err() == nil && (from == nil || time.Since(came) < probeQuiet) {
		if from == nil && time.Since(sent) > probeInterval {
			// A ring that is full now may be empty at the next turn.
			_ = out.Send(ctx, frame)
			sent = time.Now()
		}
		got := in.Receive(ctx)
		if len(got) >= at+signatureLen && bytes.Equal(got[at:at+signatureLen], want) {
			from, came = net.HardwareAddr(got[6:12]), time.Now()
		}
		if got != nil {
			continue // empty the ring first
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
		}
	}
	if from == nil {
		return nil, ErrNoAnswer
	}
	return from, nil
}

// NewSignature makes the signature of one trial's packets, so that no other's
// are taken for them.
func NewSignature() uint32 { return rand.Uint32() }

// Unicast tells whether the address can be a destination of its own.
func Unicast(mac net.HardwareAddr) bool {
	return len(mac) == 6 && mac[0]&1 == 0 && binary.BigEndian.Uint16(mac)|binary.BigEndian.Uint16(mac[2:])|binary.BigEndian.Uint16(mac[4:]) != 0
}
