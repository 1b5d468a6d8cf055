//go:build cgo && !nodpdk

package dpdk

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reflectedFrame is a frame of the signature that tests have, to the address.
func reflectedFrame(dst, src net.HardwareAddr, h headers) (frame []byte, at int) {
	frame, at = udpFrame(96, h)
	copy(frame, dst)
	copy(frame[6:], src)
	stamp(frame, at, 3, 5, now())
	return frame, at
}

// A frame that has the trial's stamp and came to the port's own address goes back to its
// sender, by all of its headers. Frames that a switch has flooded, frames of another
// trial and frames without a stamp are dropped and counted separately.
func TestReflect(t *testing.T) {
	in, out := realPort(t, "net_ring0"), realPort(t, "net_ring1")
	own := net.HardwareAddr{2, 0, 0, 0, 0, 0xee}
	peer := net.HardwareAddr{2, 0, 0, 0, 0, 0xaa}
	for name, h := range map[string]headers{"IPv4": {}, "IPv6": {v6: true}, "IPv4 in a VLAN": {vlan: true}, "IPv6 in a VLAN": {vlan: true, v6: true}} {
		t.Run(name, func(t *testing.T) {
			ours, at := reflectedFrame(own, peer, h)
			flooded, _ := reflectedFrame(peer, own, h)
			group, _ := reflectedFrame(net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, peer, h)
			other := bytes.Clone(ours)
			other[at]++
			half := bytes.Clone(ours) // the second half of the signature shows in the check alone
			binary.NativeEndian.PutUint16(half[at+2:], binary.NativeEndian.Uint16(half[at+2:])+1)
			for _, frame := range [][]byte{flooded, other, half, group, ours[:at], ours} {
				if err := in.Send(t.Context(), frame); err != nil {
					t.Fatal(err)
				}
			}
			j := runUntil(t, []Stream{{
				Mode: Reflect, Rx: Queue{Port: in}, Tx: Queue{Port: out}, Src: own, Signature: signature, StampOffset: at, FirstFlow: 2, Flows: 2,
			}}, func(j *Job) bool { c := j.Counters(0); return c.RxPackets+c.RxOther == 6 })
			if c := j.Counters(0); c.RxPackets != 1 || c.RxOther != 5 || c.TxPackets != 1 || c.TxRefused != 0 {
				t.Errorf("counters %+v, want 1 of 6 sent back", c)
			}
			got := out.Receive(t.Context())
			if got == nil {
				t.Fatal("nothing was sent")
			}
			if udpSum(got) != udpSum(ours) {
				t.Errorf("the checksum is off: %#x, was %#x", udpSum(got), udpSum(ours))
			}
			if diff := cmp.Diff(turned(ours, at, h), got); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}

// turned is the frame with the addresses and ports of all its headers exchanged.
func turned(frame []byte, at int, h headers) []byte {
	out := bytes.Clone(frame)
	swap := func(a, n int) {
		copy(out[a:a+n], frame[a+n:a+2*n])
		copy(out[a+n:a+2*n], frame[a:a+n])
	}
	swap(0, 6)
	swap(at-8, 2)
	if h.v6 {
		swap(at-40, 16)
	} else {
		swap(at-16, 4)
	}
	return out
}

// Stamps of another machine's clock are no reason to doubt a packet.
func TestVerifyElsewhere(t *testing.T) {
	p := realPort(t, "net_ring0")
	for _, elsewhere := range []bool{false, true} {
		frame, at := udpFrame(64, headers{})
		for number, ahead := range []uint64{0, 1 << 45, 1 << 61} {
			stamp(frame, at, 0, uint32(number), now()+ahead)
			if err := p.Send(t.Context(), frame); err != nil {
				t.Fatal(err)
			}
		}
		s := verifier(Queue{Port: p}, 1)
		s.Elsewhere = elsewhere
		j := runUntil(t, []Stream{s}, func(j *Job) bool { c := j.Counters(0); return c.RxPackets+c.RxChanged() == 3 })
		if c := j.Counters(0); elsewhere && (c.RxPackets != 3 || c.Missing != 0) || !elsewhere && c.RxDamaged == 0 {
			t.Errorf("elsewhere %v: counters %+v", elsewhere, c)
		}
	}
}

// The flows of another trial with the same signature, such as a warm-up's, go back and
// do not count, neither there nor where they have come from.
func TestFlowsOfOneTrial(t *testing.T) {
	in, out := realPort(t, "net_ring0"), realPort(t, "net_ring1")
	own := net.HardwareAddr{2, 0, 0, 0, 0, 0xee}
	frame, at := udpFrame(64, headers{})
	copy(frame, own)
	for flow := uint16(2); flow < 6; flow++ {
		stamp(frame, at, flow, 0, now())
		if err := in.Send(t.Context(), frame); err != nil {
			t.Fatal(err)
		}
	}
	j := runUntil(t, []Stream{{
		Mode: Reflect, Rx: Queue{Port: in}, Tx: Queue{Port: out}, Src: own, Signature: signature, StampOffset: at, FirstFlow: 3, Flows: 2,
	}}, func(j *Job) bool { return j.Counters(0).TxPackets == 4 })
	if c := j.Counters(0); c.RxPackets != 2 || c.RxOther != 2 {
		t.Errorf("counters %+v, want 2 of 4 counted", c)
	}
	s := verifier(Queue{Port: out}, 2)
	s.FirstFlow, s.earliest = 3, 1
	j = runUntil(t, []Stream{s}, func(j *Job) bool { c := j.Counters(0); return c.RxPackets+c.RxOther+c.RxChanged() == 4 })
	if c := j.Counters(0); c.RxPackets != 2 || c.RxOther != 2 || c.Missing != 0 {
		t.Errorf("counters %+v, want 2 of 4 verified", c)
	}
}
