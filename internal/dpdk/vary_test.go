//go:build cgo && !nodpdk

package dpdk

import (
	"encoding/binary"
	"runtime"
	"testing"
)

// fold adds 16-bit words in ones' complement.
func fold(b []byte) uint16 {
	sum := uint32(0)
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// Each flow has its own addresses and ports, and both checksums are right.
func TestFlowsVary(t *testing.T) {
	p := realPort(t, "net_ring0")
	vary := Vary{SrcIP: 3, DstIP: 5, SrcPort: 2, DstPort: 7}
	const flows, first, limit = 40, 65530, 52
	for name, h := range map[string]headers{"IPv4": {}, "VLAN": {vlan: true}, "IPv6": {v6: true}, "IPv6 in a VLAN": {v6: true, vlan: true}} {
		for _, wide := range []bool{false, true} {
			empty(t, p)
			frame, at := udpFrame(100, h)
			ip := at - 28
			if h.v6 {
				ip = at - 48
			} else {
				binary.BigEndian.PutUint16(frame[ip+10:], ^fold(frame[ip:ip+20]))
			}
			tx := Stream{
				Mode: Generate, Tx: Queue{Port: p}, Frames: [][]byte{frame}, Pattern: []int{0}, StampOffset: at,
				Flows: flows, FirstFlow: first, Vary: vary, Limit: limit,
			}
			if wide {
				tx.AllFlows = MaxFlows
			} else {
				tx.FirstFlow, tx.AllFlows = 100, 1000
			}
			runUntil(t, []Stream{tx}, func(j *Job) bool { return j.Counters(0).TxPackets == limit })
			src, dst := at-16, at-12
			if h.v6 {
				src = at - 28
			}
			for k := 0; k < limit; k += 4 { // Receive gives the first of four
				got := p.Receive(t.Context())
				flow := uint32(tx.FirstFlow + k%flows)
				for _, f := range []struct {
					at, bytes int
					values    uint32
				}{{src, 4, 3}, {dst, 4, 5}, {at - 8, 2, 2}, {at - 6, 2, 7}} {
					value := func(b []byte) uint32 {
						if f.bytes == 2 {
							return uint32(binary.BigEndian.Uint16(b[f.at:]))
						}
						return binary.BigEndian.Uint32(b[f.at:])
					}
					if v, want := value(got), value(frame)+flow%f.values; v != want {
						t.Errorf("%s, packet %d: the field at %d is %#x, want %#x", name, k, f.at, v, want)
					}
				}
				if !h.v6 && fold(got[ip:ip+20]) != 0xffff {
					t.Errorf("%s, packet %d: IPv4's header adds up to %#x", name, k, fold(got[ip:ip+20]))
				}
				if sum := udpSum(got); sum != 0xffff {
					t.Errorf("%s, packet %d: the UDP checksum adds up to %#x", name, k, sum)
				}
				low, number := binary.NativeEndian.Uint16(got[at+4:]), binary.NativeEndian.Uint32(got[at+6:])
				want := uint32(k / flows)
				if wide {
					want |= flow >> 16 << 28
				}
				if low != uint16(flow) || number != want {
					t.Errorf("%s, packet %d: flow %#x, number %#x, want %#x and %#x", name, k, low, number, uint16(flow), want)
				}
			}
		}
	}
	empty(t, p)
}

// A million flows differ, also where their numbers wrap.
func TestWideFlows(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	for _, number := range []uint32{0, 1<<28 - 2, 1<<32 - 2} {
		const flows, limit = wideFlows + 10_000, 4 * (wideFlows + 10_000)
		rx, tx := verifier(q, flows), generator(q, flows)
		tx.Limit, tx.Vary = limit, Vary{SrcIP: 65521, DstPort: 65519}
		rx.firstNumber, tx.firstNumber = number, number
		j := runUntil(t, []Stream{rx, tx}, arrived(limit))
		c := j.Counters(0)
		if c.RxPackets != limit || c.RxOther+c.RxChanged()+c.Missing+c.Duplicates+c.Reordered != 0 {
			t.Errorf("from %d on: %+v", number, c)
		}
		j.Free()
	}
}

// Verify classifies the numbers of one flow among very many.
func TestWideOrder(t *testing.T) {
	p := realPort(t, "net_ring0")
	const flow = 3<<16 | 5
	for _, tt := range []struct {
		numbers []uint32
		want    Counters
	}{
		{[]uint32{0, 1, 2}, Counters{RxPackets: 3}},
		{[]uint32{0, 3, 1, 1, 3, 0}, Counters{RxPackets: 3, Missing: 1, Reordered: 1, Duplicates: 3}},
		{[]uint32{0, 64, 1, 1}, Counters{RxPackets: 3, Missing: 62, Reordered: 1, Duplicates: 1}},
		{[]uint32{0, 1<<28 - 1}, Counters{RxPackets: 1, Duplicates: 1}},
	} {
		empty(t, p)
		rx := verifier(Queue{Port: p}, MaxFlows)
		rx.earliest = now()
		for _, n := range tt.numbers {
			frame, at := udpFrame(64, headers{})
			stamp(frame, at, flow&0xffff, n|flow>>16<<28, now())
			if err := p.Send(t.Context(), frame); err != nil {
				t.Fatal(err)
			}
		}
		j := runUntil(t, []Stream{rx}, func(j *Job) bool {
			c := j.Counters(0)
			return c.RxPackets+c.Duplicates == uint64(len(tt.numbers))
		})
		if got := j.Counters(0); got != tt.want {
			t.Errorf("numbers %v:\ngot  %+v,\nwant %+v", tt.numbers, got, tt.want)
		}
		j.Free()
	}
}

// Departures of a generator that keeps up are as far apart as the schedule has them,
// and one that is behind does not send all that is due at once.
func TestDepartures(t *testing.T) {
	q := Queue{Port: realPort(t, "net_null0")}
	const rate, limit = 10_000, 5000
	tx := generator(q, 1)
	tx.Rate, tx.Limit = rate, limit
	paused := false
	j := runUntil(t, []Stream{tx}, func(j *Job) bool {
		if !paused && j.Counters(0).Offered > limit/5 {
			paused = true
			const pause = 50_000_000 // ns: 500 packets
			for _, w := range j.workers {
				w.Pause(true)
				for begin := now(); j.duration(now()-begin).Nanoseconds() < pause; {
					runtime.Gosched()
				}
				w.Pause(false)
			}
		}
		return j.Counters(0).Offered == limit
	})
	defer j.Free()
	// A machine that holds the thread up makes more such bursts, each as small; what is
	// late at the end of the schedule goes out at once.
	var offered, large uint64
	for n, count := range j.Bursts(0) {
		offered += uint64(n) * count
		if n > 8 {
			large += uint64(n) * count
		}
	}
	if offered != limit || large > 300 {
		t.Errorf("%d of %d packets were sent in bursts of more than eight: %v", large, offered, j.Bursts(0))
	}
	var gaps, longest int64
	j.Times(0, Gaps, func(ns, n int64) { gaps, longest = gaps+n, ns })
	if gaps != limit-1 || longest < 40_000_000 {
		t.Errorf("%d gaps of %d packets, the longest of %d ns", gaps, limit, longest)
	}
	if p := j.Punctuality(0); p.Backlog < 400 {
		t.Errorf("the pause made only %d packets late", p.Backlog)
	}
}

// A frame that asks for a host reaches Go, and its answer the wire.
func TestQuestions(t *testing.T) {
	p := realPort(t, "net_ring0")
	arp := append(make([]byte, 12), 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1)
	arp = append(arp, make([]byte, 42-len(arp))...)
	solicitation := append(make([]byte, 12), 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255)
	solicitation = append(append(solicitation, make([]byte, 32)...), 135, 0)
	solicitation = append(solicitation, make([]byte, 86-len(solicitation))...)
	tagged := append(append(append([]byte{}, arp[:12]...), 0x81, 0, 0, 7), arp[12:]...)
	for name, tt := range map[string]struct {
		frame   []byte
		asks    bool
		answers bool
	}{
		"ARP":                      {arp, true, true},
		"ARP in a VLAN":            {tagged, true, true},
		"a neighbor solicitation":  {solicitation, true, true},
		"another's packet":         {make([]byte, 60), false, true},
		"where nobody is to reply": {arp, false, false},
	} {
		empty(t, p)
		if err := p.Send(t.Context(), tt.frame); err != nil {
			t.Fatal(err)
		}
		rx := verifier(Queue{Port: p}, 1)
		rx.Answers = tt.answers
		answered := false
		var asked []byte
		j := runUntil(t, []Stream{rx}, func(j *Job) bool {
			if asked == nil {
				asked = j.Question(0)
			}
			if c := j.Counters(0); !answered && c.RxOther == 1 && (asked != nil) == tt.asks {
				answered = true
				if ok := j.Answer(0, make([]byte, 60)); ok != tt.answers {
					t.Errorf("%s: an answer is taken: %v", name, ok)
				}
			}
			want := uint64(1)
			if tt.answers {
				want = 2 // the answer comes back
			}
			return answered && j.Counters(0).RxOther == want
		})
		if (asked != nil) != tt.asks || tt.asks && string(asked) != string(tt.frame) {
			t.Errorf("%s: asked %x", name, asked)
		}
		if j.Answer(0, make([]byte, 97)) {
			t.Errorf("%s: a frame that is too long is taken", name)
		}
		j.Free()
	}
	empty(t, p)
}
