package dpdk

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const signature = 0xdecade5

// headers are those of a test packet, beside Ethernet and UDP.
type headers struct{ vlan, v6 bool }

// udpFrame is a UDP packet with an empty stamp but for its signature, and where
// the stamp lies. What matters is its checksum, not its addresses.
func udpFrame(size int, h headers) (frame []byte, stamp int) {
	const fcs = 4
	frame = make([]byte, size-fcs)
	l3 := 14
	if h.vlan {
		binary.BigEndian.PutUint16(frame[12:], 0x8100)
		l3 += 4
	}
	ip, udp := frame[l3:], 20
	if h.v6 {
		udp = 40
		binary.BigEndian.PutUint16(frame[l3-2:], 0x86dd)
		ip[0], ip[6] = 6<<4, 17
		binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-udp))
		ip[8], ip[24] = 0x20, 0x21
	} else {
		binary.BigEndian.PutUint16(frame[l3-2:], 0x0800)
		ip[0], ip[9] = 0x45, 17
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
		ip[12], ip[16] = 198, 199
	}
	u := ip[udp:]
	binary.BigEndian.PutUint16(u, 4000)
	binary.BigEndian.PutUint16(u[2:], 7)
	binary.BigEndian.PutUint16(u[4:], uint16(len(u)))
	binary.NativeEndian.PutUint32(u[udpLen:], signature)
	binary.BigEndian.PutUint16(u[6:], ^udpSum(frame))
	return frame, l3 + udp + udpLen
}

// udpSum adds a packet's UDP and its pseudo header up, as a receiver does (RFC
// 768, RFC 8200).
func udpSum(frame []byte) uint16 {
	ip := frame[14:]
	if binary.BigEndian.Uint16(frame[12:]) == 0x8100 {
		ip = frame[18:]
	}
	addresses, udp := ip[12:20], ip[20:]
	if ip[0]>>4 == 6 {
		addresses, udp = ip[8:40], ip[40:]
	}
	sum := uint32(17 + len(udp))
	for _, b := range [][]byte{addresses, udp} {
		for i, v := range b {
			if i%2 == 0 {
				sum += uint32(v) << 8
			} else {
				sum += uint32(v)
			}
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// generator sends stamped frames of 64 bytes on the queue.
func generator(q Queue, flows int) Stream {
	frame, at := udpFrame(64, headers{})
	return Stream{Mode: Generate, Tx: q, Frames: [][]byte{frame}, Pattern: []int{0}, StampOffset: at, Flows: flows}
}

// verifier is the other end of a generator.
func verifier(q Queue, flows int) Stream {
	_, at := udpFrame(64, headers{})
	return Stream{Mode: Verify, Rx: q, Signature: signature, StampOffset: at, Flows: flows}
}

// runFake runs the streams on the fake's lcores.
func runFake(t *testing.T, f *fake, streams ...Stream) (*Job, error) {
	t.Helper()
	r := startFake(t, f)
	p, err := r.Port(f.names[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range streams {
		streams[i].Rx.Port, streams[i].Tx.Port = p, p
	}
	return r.Run(streams, r.PollingLcores()[:1])
}

func TestBadFrames(t *testing.T) {
	for name, change := range map[string]func(*Stream){
		"none":           func(s *Stream) { s.Frames = nil },
		"too many sizes": func(s *Stream) { s.Frames = make([][]byte, 17) },
		"no pattern":     func(s *Stream) { s.Pattern = nil },
		"wrong pattern":  func(s *Stream) { s.Pattern = []int{1} },
		"no room":        func(s *Stream) { s.StampOffset = 50 },
		"far off":        func(s *Stream) { s.StampOffset = 90 },
	} {
		s := generator(Queue{}, 1)
		change(&s)
		if _, err := runFake(t, newFake("a"), s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLcoreOfTwoModes(t *testing.T) {
	both := []Stream{generator(Queue{}, 1), verifier(Queue{}, 1)}
	if _, err := runFake(t, newFake("a"), both...); err != nil {
		t.Errorf("generate and verify: %v", err)
	}
	if _, err := runFake(t, newFake("a"), Stream{Mode: RxOnly}, Stream{Mode: IO}); err == nil || !strings.Contains(err.Error(), "more lcores") {
		t.Errorf("error %v, want one with the remedy", err)
	}
}

func TestRoundTripTimes(t *testing.T) {
	j, err := runFake(t, newFake("a"), verifier(Queue{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	j.RTT(0, func(ns, packets int64) { got = append(got, ns, packets) })
	// The fake's TSC runs at 1 GHz.
	if diff := cmp.Diff([]int64{2000, 3}, got); diff != "" {
		t.Errorf("time and packets (-want +got):\n%s", diff)
	}
}

func TestThreadsAndTurns(t *testing.T) {
	j, err := runFake(t, newFake("a"), verifier(Queue{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Thread{{Lcore: Lcore{ID: 1, CPU: 5}, TID: 77}}, j.Threads()); diff != "" {
		t.Errorf("threads (-want +got):\n%s", diff)
	}
	if first, second := j.Turns(), j.Turns(); len(first) != 1 || second[0] <= first[0] {
		t.Errorf("turns %v, then %v", first, second)
	}
}

func TestImpairmentInCycles(t *testing.T) {
	f := newFake("a")
	_, err := runFake(t, f, Stream{Mode: Impair, Impair: &Impairment{
		Mode: MACSwap, Rate: 1e6, Depth: 10, Delay: time.Millisecond,
		LossRatio: 0.5, DuplicateEvery: 7, ReorderRatio: 0.25, ReorderBy: 3, Seed: 9,
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := impairConfig{
		mode: MACSwap, gap: 1000, delay: 1e6, idle: uint64(letGoAfter), depth: 10, reorderBy: 3, capacity: 2048, seed: 9,
		loss: fault{ratio: 0.5}, duplicate: fault{every: 7}, reorder: fault{ratio: 0.25},
	}
	if got := f.workers[1].streams[0].impair; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCapacity(t *testing.T) {
	for _, tt := range []struct {
		i    Impairment
		want int
	}{
		{Impairment{Depth: 256}, 2048},
		{Impairment{Depth: 1024}, 2048},
		{Impairment{Depth: 1025}, 4096},
		{Impairment{Depth: 256, Delay: 10 * time.Millisecond}, 32768},
		{Impairment{Depth: 256, Delay: time.Minute}, 65536},
		{Impairment{Depth: 256, Delay: time.Second, Rate: 1000}, 4096},
	} {
		if got := tt.i.capacity(); got != tt.want {
			t.Errorf("%+v: %d, want %d", tt.i, got, tt.want)
		}
	}
}
