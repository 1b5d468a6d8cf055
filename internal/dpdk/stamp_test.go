//go:build cgo && !nodpdk

package dpdk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// arrived tells when all that the second stream sends has come to the first.
func arrived(limit uint64) func(*Job) bool {
	return func(j *Job) bool {
		rx, tx := j.Counters(0), j.Counters(1)
		return max(tx.Offered, tx.TxPackets) == limit && rx.RxPackets == tx.TxPackets
	}
}

func TestStampedPacketsArrive(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const limit = 100_000
	for _, rate := range []float64{0, 5e6, 2e5} {
		for _, flows := range []int{1, 1000} {
			tx := generator(q, flows)
			tx.Rate, tx.Limit = rate, limit
			j := runUntil(t, []Stream{verifier(q, flows), tx}, arrived(limit))
			rx, sent := j.Counters(0), j.Counters(1)
			if sent.TxPackets+sent.TxRefused != limit || rate == 0 && sent.TxRefused != 0 {
				t.Errorf("at %g/s: %d sent and %d refused, want %d together", rate, sent.TxPackets, sent.TxRefused, limit)
			}
			if rx.RxOther != 0 || rx.Duplicates != 0 || rx.Reordered != 0 || rx.Missing > sent.TxRefused {
				t.Errorf("at %g/s in %d flows: %+v, with %d refused", rate, flows, rx, sent.TxRefused)
			}
			if least := time.Duration((limit - 1) / rate * float64(time.Second)); rate > 0 && sent.Active < least {
				t.Errorf("at %g/s: took %s, and %s is the least", rate, sent.Active, least)
			}
			var timed int64
			j.Times(0, RTT, func(_, packets int64) { timed += packets })
			if uint64(timed) != rx.RxPackets {
				t.Errorf("at %g/s: %d round-trip times of %d packets", rate, timed, rx.RxPackets)
			}
		}
	}
}

// Each packet is of its size, flow and number, with a checksum that is right.
func TestStampedPacketsOnTheWire(t *testing.T) {
	p := realPort(t, "net_ring0")
	empty(t, p)
	const limit = 52
	pattern := []int{0, 2, 1, 0, 2}
	for _, tt := range []struct {
		name         string
		headers      headers
		flows, first int
		number       uint32
	}{
		{"one flow", headers{}, 1, 0, 0},
		{"flows", headers{}, 7, 3, 0},
		{"as many flows as sizes in a round", headers{}, 5, 0, 0},
		{"the last flows", headers{}, 2, 65534, 0},
		{"the last numbers", headers{}, 3, 0, 1<<32 - 5},
		{"IPv6", headers{v6: true}, 3, 60000, 1 << 20},
		{"VLAN", headers{vlan: true}, 3, 1, 0xfffe},
		{"IPv6 in a VLAN", headers{vlan: true, v6: true}, 3, 1, 0xfffe},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var frames [][]byte
			var at int
			for _, size := range []int{98, 333, 1518} {
				var f []byte
				f, at = udpFrame(size, tt.headers)
				frames = append(frames, f)
			}
			runUntil(t, []Stream{{
				Mode: Generate, Tx: Queue{Port: p}, Frames: frames, Pattern: pattern, StampOffset: at,
				Flows: tt.flows, FirstFlow: tt.first, firstNumber: tt.number, Limit: limit,
			}}, func(j *Job) bool { return j.Counters(0).TxPackets == limit })
			for k := 0; k < limit; k += 4 { // Receive gives the first of four
				flow := uint16(tt.first + k%tt.flows)
				number := tt.number + uint32(k/tt.flows)
				// Reckoned without the wrap of the number, which starts the pattern again.
				turn := (tt.first + k%tt.flows + int(tt.number) + k/tt.flows) % len(pattern)
				want := bytes.Clone(frames[pattern[turn]])
				got := p.Receive(t.Context())
				if len(got) != len(want) {
					t.Fatalf("packet %d: %d bytes, want %d", k, len(got), len(want))
				}
				if sum := udpSum(got); sum != 0xffff {
					t.Errorf("packet %d: the checksum adds up to %#x", k, sum)
				}
				binary.BigEndian.PutUint16(want[at-8:], 4000+flow)
				copy(want[at-2:], got[at-2:at]) // the checksum
				when := binary.NativeEndian.Uint32(got[at+10:])
				binary.NativeEndian.PutUint16(want[at+2:], stampCheck(flow, number, when, len(got)-at))
				binary.NativeEndian.PutUint16(want[at+4:], flow)
				binary.NativeEndian.PutUint32(want[at+6:], number)
				copy(want[at+10:], got[at+10:at+14]) // the time
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("packet %d (-want +got):\n%s", k, diff)
				}
			}
			empty(t, p)
		})
	}
}

// Packets that wait for a full ring when a job is stopped go back to their pool.
func TestPendingPacketsAreFreed(t *testing.T) {
	p := realPort(t, "net_ring0")
	// Each time whole bursts fill the ring and one waits: more in all than the
	// pool has, if they were kept.
	const burst, full = 64, ringSize - 1
	for range (ringSize + poolCaches) / burst {
		for range full % burst {
			if err := p.Send(t.Context(), make([]byte, 60)); err != nil {
				t.Fatal(err)
			}
		}
		tx := generator(Queue{Port: p}, 1)
		runUntil(t, []Stream{tx}, func(j *Job) bool { return j.Counters(0).TxPackets == full/burst*burst }).Free()
		empty(t, p)
	}
}

// A packet that says that it was sent long ago has been on its way for so long,
// and for as long as the test took.
func TestRoundTripTimesOfStamps(t *testing.T) {
	p := realPort(t, "net_ring0")
	empty(t, p)
	hz := shared.tscHz()
	begin := time.Now()
	ago := []time.Duration{0, time.Millisecond, time.Second, 10 * time.Second}
	rx := verifier(Queue{Port: p}, 1)
	rx.earliest = now() - uint64(11*hz)
	for number, d := range ago {
		frame, at := udpFrame(64, headers{})
		stamp(frame, at, 0, uint32(number), now()-uint64(d.Seconds()*hz))
		if err := p.Send(t.Context(), frame); err != nil {
			t.Fatal(err)
		}
	}
	j := runUntil(t, []Stream{rx}, func(j *Job) bool { return j.Counters(0).RxPackets == uint64(len(ago)) })
	took := time.Since(begin)
	var got []time.Duration
	j.Times(0, RTT, func(ns, packets int64) {
		for range packets {
			got = append(got, time.Duration(ns))
		}
	})
	if len(got) != len(ago) {
		t.Fatalf("%d times of %d packets: %v", len(got), len(ago), got)
	}
	for i, d := range ago {
		if least, most := d-d/500, d+took+took/500; got[i] < least || got[i] > most {
			t.Errorf("sent %s ago: %s, want %s to %s", d, got[i], least, most)
		}
	}
}

// Verify classifies packets by their numbers.
func TestOrder(t *testing.T) {
	p := realPort(t, "net_ring0")
	for _, tt := range []struct {
		numbers []uint32
		want    Counters
	}{
		{[]uint32{0, 1, 2}, Counters{RxPackets: 3}},
		{[]uint32{2}, Counters{RxPackets: 1, Missing: 2}},
		{[]uint32{0, 3, 1}, Counters{RxPackets: 3, Missing: 1, Reordered: 1}},
		{[]uint32{0, 3, 1, 1, 3, 0}, Counters{RxPackets: 3, Missing: 1, Reordered: 1, Duplicates: 3}},
		{[]uint32{63, 64, 128, 63, 64, 65}, Counters{RxPackets: 4, Missing: 125, Reordered: 1, Duplicates: 2}},
		// 1 is the last in the window, and 0 is no longer known.
		{[]uint32{0, 1, 960, 1, 0, 2, 2}, Counters{RxPackets: 5, Missing: 956, Reordered: 2, Duplicates: 2}},
		{[]uint32{0, 5000, 5000, 4999, 4999}, Counters{RxPackets: 3, Missing: 4998, Reordered: 1, Duplicates: 2}},
		{[]uint32{1, 5000, 0, 0}, Counters{RxPackets: 4, Missing: 4997, Reordered: 2}},   // beyond the window
		{[]uint32{0, 1<<32 - 1}, Counters{RxPackets: 1, Duplicates: 1}},                  // not the next by far
		{[]uint32{1, 0, 1<<32 - 1}, Counters{RxPackets: 2, Reordered: 1, Duplicates: 1}}, // but before the first
	} {
		empty(t, p)
		rx := verifier(Queue{Port: p}, 1)
		rx.earliest = now()
		for _, n := range tt.numbers {
			frame, at := udpFrame(64, headers{})
			stamp(frame, at, 0, n, now())
			if err := p.Send(t.Context(), frame); err != nil {
				t.Fatal(err)
			}
		}
		got := runUntil(t, []Stream{rx}, func(j *Job) bool {
			c := j.Counters(0)
			return c.RxPackets+c.Duplicates == uint64(len(tt.numbers))
		}).Counters(0)
		if got != tt.want {
			t.Errorf("numbers %v:\ngot  %+v,\nwant %+v", tt.numbers, got, tt.want)
		}
	}
}

// Stamp, tag and length show whether a packet changed on its way.
func TestPacketsThatAreNotAsSent(t *testing.T) {
	p := realPort(t, "net_ring0")
	second := uint64(shared.tscHz())
	flip := func(bit int) func([]byte, int) []byte {
		return func(f []byte, at int) []byte {
			f[at+bit/8] ^= 1 << (bit % 8)
			return f
		}
	}
	sentAt := func(away int64) func([]byte, int) []byte {
		return func(f []byte, at int) []byte {
			stamp(f, at, 0, 0, now()+uint64(away))
			return f
		}
	}
	tagged := func(ids ...uint16) func([]byte, int) []byte {
		return func(f []byte, _ int) []byte {
			var tags []byte
			for _, id := range ids {
				tags = binary.BigEndian.AppendUint16(tags, 0x8100)
				tags = binary.BigEndian.AppendUint16(tags, id|3<<13)
			}
			return slices.Concat(f[:12], tags, f[12:])
		}
	}
	type test struct {
		name   string
		size   int
		vlan   int // expected
		change func(frame []byte, at int) []byte
		want   Counters
	}
	tests := []test{
		{"as sent", 1518, 0, nil, Counters{RxPackets: 1}},
		{"as sent in a VLAN", 1518, 7, nil, Counters{RxPackets: 1}},
		{"cut behind the stamp", 1518, 0, func(f []byte, _ int) []byte { return f[:58] }, Counters{RxTruncated: 1}},
		{"cut by a byte", 1518, 0, func(f []byte, _ int) []byte { return f[:1513] }, Counters{RxTruncated: 1}},
		{"cut in the stamp", 64, 0, func(f []byte, at int) []byte { return f[:at+StampLen-1] }, Counters{RxTruncated: 1}},
		{"cut before the stamp", 64, 0, func(f []byte, at int) []byte { return f[:at] }, Counters{RxOther: 1}},
		{"lengthened", 64, 0, func(f []byte, _ int) []byte { return append(f, make([]byte, 300)...) }, Counters{RxExtended: 1}},
		{"of another length that is sent", 1518, 0, func(f []byte, _ int) []byte { return f[:60] }, Counters{RxTruncated: 1}},
		{"a wrong checksum", 64, 0, func(f []byte, at int) []byte {
			f[at-1] ^= 1
			return f
		}, Counters{RxDamaged: 1}},
		{"a bit of the payload flipped", 1518, 7, func(f []byte, _ int) []byte {
			f[1400] ^= 4
			return f
		}, Counters{RxDamaged: 1}},
		{"a UDP length beyond the frame", 64, 0, func(f []byte, at int) []byte {
			f[at-4] ^= 1
			return f
		}, Counters{RxDamaged: 1}},
		{"without a checksum", 64, 0, func(f []byte, at int) []byte {
			clear(f[at-2 : at])
			return f
		}, Counters{RxPackets: 1}},
		{"translated addresses", 64, 0, func(f []byte, at int) []byte {
			f[at-12], f[at-16] = f[at-16], f[at-12]+1
			clear(f[at-2 : at])
			binary.BigEndian.PutUint16(f[at-2:], ^udpSum(f))
			return f
		}, Counters{RxPackets: 1}},
		{"from the future", 64, 0, sentAt(int64(second)), Counters{RxDamaged: 1}},
		{"from before the trial", 64, 0, sentAt(-int64(2 * second)), Counters{RxDamaged: 1}},
		{"of a flow that there is not", 64, 0, func(f []byte, at int) []byte {
			stamp(f, at, 1, 0, now())
			return f
		}, Counters{RxOther: 1}},
		{"another's", 64, 0, func(f []byte, at int) []byte {
			clear(f[at:])
			return f
		}, Counters{RxOther: 1}},
		{"a tag put on", 64, 0, tagged(7), Counters{RxRetagged: 1, RxTags: Tags{1, 7, 0}}},
		{"two tags put on", 64, 0, tagged(4094, 5), Counters{RxRetagged: 1, RxTags: Tags{2, 4094, 5}}},
		{"a tag more", 64, 7, tagged(9), Counters{RxRetagged: 1, RxTags: Tags{2, 9, 7}}},
		{"another tag", 64, 7, func(f []byte, _ int) []byte {
			binary.BigEndian.PutUint16(f[14:], 8)
			return f
		}, Counters{RxRetagged: 1, RxTags: Tags{1, 8, 0}}},
		{"the tag taken off", 128, 7, func(f []byte, _ int) []byte { return slices.Concat(f[:12], f[16:]) }, Counters{RxRetagged: 1}},
	}
	for bit := range StampLen * 8 {
		tests = append(tests, test{fmt.Sprintf("bit %d flipped", bit), 64, 0, flip(bit), Counters{RxDamaged: 1}})
	}
	for _, tt := range tests {
		empty(t, p)
		frame, at := udpFrame(tt.size, headers{vlan: tt.vlan != 0})
		if tt.vlan != 0 {
			binary.BigEndian.PutUint16(frame[14:], uint16(tt.vlan))
		}
		rx := verifier(Queue{Port: p}, 1)
		rx.StampOffset, rx.VLAN, rx.Payloads = at, tt.vlan, []int{60 - at, 124 - at, 1514 - at}
		rx.earliest = now() - second
		stamp(frame, at, 0, 0, now())
		if tt.change != nil {
			frame = tt.change(frame, at)
		}
		if err := p.Send(t.Context(), frame); err != nil {
			t.Fatal(err)
		}
		j := runUntil(t, []Stream{rx}, func(j *Job) bool { return j.Counters(0) != Counters{} })
		if got := j.Counters(0); got != tt.want {
			t.Errorf("%s:\ngot  %+v,\nwant %+v", tt.name, got, tt.want)
		}
	}
}

// Once a checksum is wrong, each is added up, whatever its place in the burst.
func TestDamageIsFoundInABurst(t *testing.T) {
	p := realPort(t, "net_ring0")
	for _, v6 := range []bool{false, true} {
		empty(t, p)
		frame, at := udpFrame(128, headers{v6: v6})
		rx := verifier(Queue{Port: p}, 1)
		rx.StampOffset, rx.Payloads, rx.earliest = at, []int{len(frame) - at}, now()
		const packets, damaged = 50, 3 // the first, and two more
		for i := range packets {
			stamp(frame, at, 0, uint32(i), now())
			sent := bytes.Clone(frame)
			if i%20 == 0 {
				sent[len(sent)-1] = 1
			}
			if err := p.Send(t.Context(), sent); err != nil {
				t.Fatal(err)
			}
		}
		c := runUntil(t, []Stream{rx}, func(j *Job) bool {
			c := j.Counters(0)
			return c.RxPackets+c.RxDamaged == packets
		}).Counters(0)
		if c.RxDamaged != damaged {
			t.Errorf("IPv6 %t: %+v, want %d damaged", v6, c, damaged)
		}
	}
}

// A device that takes the tag off a short frame pads it to the shortest there is.
func TestPaddedFrame(t *testing.T) {
	p := realPort(t, "net_ring0")
	empty(t, p)
	frame, at := udpFrame(64, headers{vlan: true})
	stamp(frame, at, 0, 0, now())
	frame = append(slices.Concat(frame[:12], frame[16:]), make([]byte, 4)...)
	rx := verifier(Queue{Port: p}, 1)
	rx.StampOffset, rx.Payloads, rx.earliest = at-4, []int{60 - at}, now()-uint64(shared.tscHz())
	if err := p.Send(t.Context(), frame); err != nil {
		t.Fatal(err)
	}
	j := runUntil(t, []Stream{rx}, func(j *Job) bool { return j.Counters(0) != Counters{} })
	if got, want := j.Counters(0), (Counters{RxPackets: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestVerifyTellsOthersApart(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const limit = 1000
	for name, change := range map[string]func(rx, tx *Stream){
		// The marks of neighbors differ by a bit or two, which may also be damage.
		"signature": func(rx, _ *Stream) { rx.Signature = ^rx.Signature },
		"flow":      func(_, tx *Stream) { tx.FirstFlow = 1 },
	} {
		rx, tx := verifier(q, 1), generator(q, 1)
		tx.Rate, tx.Limit = 1e5, limit
		change(&rx, &tx)
		j := runUntil(t, []Stream{rx, tx}, func(j *Job) bool { return j.Counters(0).RxOther == limit })
		if rx := j.Counters(0); rx.RxPackets != 0 {
			t.Errorf("%s: %d packets of others were counted", name, rx.RxPackets)
		}
	}
}

// The number of a packet is cut to 32 bits, which a long trial goes beyond.
func TestNumbersWrap(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const limit = 10_000
	rx, tx := verifier(q, 2), generator(q, 2)
	tx.Rate, tx.Limit = 1e6, limit
	rx.firstNumber = 1<<32 - 1000
	tx.firstNumber = rx.firstNumber
	j := runUntil(t, []Stream{rx, tx}, arrived(limit))
	if c, sent := j.Counters(0), j.Counters(1); c.Duplicates != 0 || c.Reordered != 0 || c.Missing > sent.TxRefused {
		t.Errorf("%+v, with %d refused", c, sent.TxRefused)
	}
}

// Late packets show that a schedule cannot be kept.
func TestLateness(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const limit = 1_000_000
	tx := generator(q, 1)
	tx.Rate, tx.Limit = 2e9, limit
	j := runUntil(t, []Stream{verifier(q, 1), tx}, func(j *Job) bool { return j.Counters(1).Offered == limit })
	if c := j.Counters(1); c.Late < limit/2 || c.Late > limit || c.MaxLate < lateAfter {
		t.Errorf("%d of %d late, by up to %s", c.Late, limit, c.MaxLate)
	}
}

func TestGeneratorAndVerifierOnARing(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	ring, err := shared.NewRing(t.Context(), 1024, 0)
	if err != nil {
		t.Fatal(err)
	}
	before, err := q.Port.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const limit = 100_000
	rx, tx := verifier(q, 1), generator(q, 1)
	rx.Ring, tx.Ring, tx.Limit = ring, ring, limit
	runUntil(t, []Stream{rx, tx}, arrived(limit))
	if after, err := q.Port.Stats(t.Context()); err != nil || after != before {
		t.Errorf("the port carried packets: %+v, then %+v, %v", before, after, err)
	}
	ring.Free(t.Context())
}

// A packet that was sent late has been on its way since it should have been sent, by
// the schedule; how late it was is kept where it was sent.
func TestScheduledRoundTripTimes(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const limit, rate = 200_000, 2e9 // no generator keeps up: the last is late by nearly all the time that it takes
	for _, flows := range []int{1, 3} {
		tx := generator(q, flows)
		tx.Rate, tx.Limit = rate, limit
		j := runUntil(t, []Stream{verifier(q, flows), tx}, arrived(limit))
		times := func(stream int, of Times) (packets, longest int64) {
			j.Times(stream, of, func(ns, n int64) { packets, longest = packets+n, ns })
			return packets, longest
		}
		n, actual := times(0, RTT)
		same, scheduled := times(0, ScheduledRTT)
		offered, late := times(1, Lateness)
		if n != same || offered != limit {
			t.Errorf("%d flows: %d round-trip times, %d by the schedule; %d packets have a lateness, want %d", flows, n, same, offered, limit)
		}
		took := j.Counters(1).Active.Nanoseconds()
		if late < took/2 || late > took {
			t.Errorf("%d flows: at most %d ns late, want nearly all of %d", flows, late, took)
		}
		if most := late + actual + took/500; scheduled < late*9/10 || scheduled > most {
			t.Errorf("%d flows: at most %d ns by the schedule, want about the lateness of %d and at most %d", flows, scheduled, late, most)
		}
		p := j.Punctuality(1)
		if p.Backlog < limit/2 || p.Backlog > limit {
			t.Errorf("%d flows: %d of %d packets were due at once", flows, p.Backlog, limit)
		}
		j.Free()
	}
}

// At the maximum rate there is no schedule to be late for.
func TestScheduledRoundTripTimesWithoutASchedule(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const limit = 10_000
	tx := generator(q, 2)
	tx.Limit = limit
	j := runUntil(t, []Stream{verifier(q, 2), tx}, arrived(limit))
	var actual, scheduled []int64
	j.Times(0, RTT, func(ns, n int64) { actual = append(actual, ns, n) })
	j.Times(0, ScheduledRTT, func(ns, n int64) { scheduled = append(scheduled, ns, n) })
	if diff := cmp.Diff(actual, scheduled); diff != "" {
		t.Errorf("by the schedule (-actual +scheduled):\n%s", diff)
	}
	j.Times(1, Lateness, func(ns, n int64) { t.Errorf("%d packets are late by %d ns", n, ns) })
	if p := j.Punctuality(1); p != (Punctuality{}) {
		t.Errorf("%+v", p)
	}
}

// A generator counts the packets that the port refuses from a burst that catches up,
// unless the port refused some before. The peer of this port takes nothing.
func TestRefusedCatchingUp(t *testing.T) {
	p := realPort(t, "net_ring0")
	const limit = 3 * ringSize
	refused := func(rate float64) (uint64, Punctuality) {
		empty(t, p)
		defer empty(t, p)
		tx := generator(Queue{Port: p}, 1)
		tx.Rate, tx.Limit = rate, limit
		j := runUntil(t, []Stream{tx}, func(j *Job) bool { return j.Counters(0).Offered == limit })
		return j.Counters(0).TxRefused, j.Punctuality(0)
	}
	if n, late := refused(2e9); n < limit-ringSize || late.RefusedCatchingUp < ringSize {
		t.Errorf("catching up, %d were refused: %+v", n, late)
	}
	// A machine that holds up the generator for 0.6 ms makes it catch up here, too.
	if n, late := refused(1e5); n < limit-ringSize || late.RefusedCatchingUp > 0 && late.Backlog <= 64 {
		t.Errorf("punctual, %d were refused: %+v", n, late)
	}
}

// How long nobody fetched what comes.
func TestPollGap(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const pause = 20 * time.Millisecond
	turns := uint64(0)
	j := runUntil(t, []Stream{verifier(q, 1)}, func(j *Job) bool {
		now := j.Threads()[0].Turns
		if turns == 0 && now > 1000 {
			for _, w := range j.workers {
				w.Pause(true)
				time.Sleep(pause)
				w.Pause(false)
			}
			turns = now
		}
		return turns > 0 && now > turns+1000
	})
	if gap := j.Punctuality(0).Gap; gap < pause/2 || gap > time.Minute {
		t.Errorf("a gap of %s, want %s at least", gap, pause)
	}
}
