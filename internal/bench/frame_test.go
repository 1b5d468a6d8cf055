package bench

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/result"
)

var (
	macA = net.HardwareAddr{2, 0, 0, 0, 0, 0xa}
	macB = net.HardwareAddr{2, 0, 0, 0, 0, 0xb}
)

func testFlow() Flow {
	return Flow{
		SrcMAC: macA, DstMAC: macB,
		SrcIP: netip.MustParseAddr("198.18.0.1"), DstIP: netip.MustParseAddr("198.18.0.2"),
		SrcPort: 49184, DstPort: 7,
	}
}

// The checksums come from an independent program.
func TestFrameBytes(t *testing.T) {
	frame, offset, err := testFlow().Frame(64, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := "02000000000b" + "02000000000a" + "0800" +
		"4500002e" + "00000000" + "4011" + "ee97" + "c6120001" + "c6120002" +
		"c020" + "0007" + "001a" + "b36a" + strings.Repeat("00", 18)
	if got := hex.EncodeToString(frame); got != want {
		t.Errorf("frame\n got %s\nwant %s", got, want)
	}
	if offset != 42 {
		t.Errorf("signature at %d, want 42", offset)
	}
}

// onesSum adds 16-bit words in ones' complement (RFC 1071), as a receiver does.
func onesSum(sum uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

func TestFrame(t *testing.T) {
	v6 := func(f *Flow) {
		f.SrcIP, f.DstIP = netip.MustParseAddr("2001:2::1"), netip.MustParseAddr("2001:2::2")
	}
	for _, tt := range []struct {
		name   string
		size   int
		change func(*Flow)
		l3     int
		offset int
	}{
		{"smallest", 64, func(*Flow) {}, 14, 42},
		{"odd size", 333, func(*Flow) {}, 14, 42},
		{"largest", 1518, func(*Flow) {}, 14, 42},
		{"VLAN", 64, func(f *Flow) { f.VLAN = 100 }, 18, 46},
		{"largest with VLAN", 1522, func(f *Flow) { f.VLAN = 4094 }, 18, 46},
		{"IPv6", 128, v6, 14, 62},
		{"smallest of IPv6", 80, v6, 14, 62},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := testFlow()
			tt.change(&f)
			const signature = 0x01020304
			frame, offset, err := f.Frame(tt.size, signature)
			if err != nil {
				t.Fatal(err)
			}
			if len(frame) != tt.size-4 {
				t.Errorf("%d bytes before the FCS, want %d", len(frame), tt.size-4)
			}
			if offset != tt.offset || binary.NativeEndian.Uint32(frame[offset:]) != signature {
				t.Errorf("signature at %d, want at %d", offset, tt.offset)
			}
			if f.VLAN != 0 && (binary.BigEndian.Uint16(frame[12:]) != 0x8100 || int(binary.BigEndian.Uint16(frame[14:])) != f.VLAN) {
				t.Errorf("tag %x, want VLAN %d", frame[12:16], f.VLAN)
			}
			udp := frame[offset-8:]
			if got := int(binary.BigEndian.Uint16(udp[4:])); got != len(udp) {
				t.Errorf("UDP length %d, want %d", got, len(udp))
			}
			// A receiver adds up everything, the checksum too, and gets all ones.
			sum := onesSum(17+uint32(len(udp)), f.SrcIP.AsSlice())
			sum = onesSum(uint32(sum), f.DstIP.AsSlice())
			if sum = onesSum(uint32(sum), udp); sum != 0xffff {
				t.Errorf("UDP checksum: the sum is %#x", sum)
			}
			if f.SrcIP.Is4() {
				if sum := onesSum(0, frame[tt.l3:tt.l3+20]); sum != 0xffff {
					t.Errorf("IP checksum: the sum is %#x", sum)
				}
				if got := int(binary.BigEndian.Uint16(frame[tt.l3+2:])); got != len(frame)-tt.l3 {
					t.Errorf("IP length %d, want %d", got, len(frame)-tt.l3)
				}
			}
		})
	}
}

func TestFrameErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		size   int
		change func(*Flow)
		want   string
	}{
		{"too small", 63, func(*Flow) {}, "frame size 63"},
		{"too large", 9019, func(*Flow) {}, "frame size 9019"},
		{"headers do not fit", 79, func(f *Flow) {
			f.SrcIP, f.DstIP = netip.MustParseAddr("::1"), netip.MustParseAddr("::2")
		}, "need 80"},
		{"VLAN", 64, func(f *Flow) { f.VLAN = 4095 }, "VLAN 4095"},
		{"mixed families", 64, func(f *Flow) { f.DstIP = netip.MustParseAddr("::2") }, "both be IPv4"},
		{"no destination", 64, func(f *Flow) { f.DstMAC = nil }, "six octets"},
		{"too many flows", 64, func(f *Flow) { f.Flows = 65536 - int(f.SrcPort) + 1 }, "16353 flows: src-port"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := testFlow()
			tt.change(&f)
			if _, _, err := f.Frame(tt.size, 0); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// imix has several sizes.
var imix, _ = result.ParseMix("imix")

func TestFrames(t *testing.T) {
	frames, offset, err := testFlow().Frames(imix, 7)
	if err != nil || offset != 42 || len(frames) != 3 {
		t.Fatalf("%d frames, stamp at %d, %v", len(frames), offset, err)
	}
	for i, s := range imix {
		want, _, err := testFlow().Frame(s.Bytes, 7)
		if err != nil || !bytes.Equal(frames[i], want) {
			t.Errorf("frame %d does not have %d bytes", i, s.Bytes)
		}
	}
	if _, _, err := testFlow().Frames(result.Mix{{Bytes: 64, Weight: 1}, {Bytes: 9019, Weight: 1}}, 7); err == nil {
		t.Error("no error for a size that is too large")
	}
}

// If a path changes tags, the stamp comes back at another place.
func TestArrives(t *testing.T) {
	vlan := func(id int) *int { return &id }
	for _, tt := range []struct {
		name     string
		sent     int
		received *int
		vlan, at int
	}{
		{"untagged", 0, nil, 0, 42},
		{"tagged", 7, nil, 7, 42},
		{"the tag taken off", 7, vlan(0), 0, 38},
		{"a tag put on", 0, vlan(9), 9, 46},
		{"another tag", 7, vlan(9), 9, 42},
		{"no tag, said twice", 0, vlan(0), 0, 42},
	} {
		if id, at := (Flow{VLAN: tt.sent, RxVLAN: tt.received}).Arrives(42); id != tt.vlan || at != tt.at {
			t.Errorf("%s: VLAN %d, stamp at %d; want %d, %d", tt.name, id, at, tt.vlan, tt.at)
		}
	}
	f := testFlow()
	f.RxVLAN = vlan(4095)
	if err := f.Check(64); err == nil || !strings.Contains(err.Error(), "VLAN 4095 of received packets") {
		t.Errorf("error %v", err)
	}
}

// A probe is found, too, that comes back without its tag.
func TestProbeFromAPathThatChangesTags(t *testing.T) {
	f := testFlow()
	none := 0
	f.VLAN, f.RxVLAN = 7, &none
	m := &mirror{change: func(b []byte) []byte { return slices.Concat(b[:12], b[16:]) }}
	if _, err := Probe(t.Context(), m, m, f); err != nil {
		t.Error(err)
	}
}
