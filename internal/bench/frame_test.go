package bench

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"
)

var (
	macA = net.HardwareAddr{2, 0, 0, 0, 0, 0xa}
	macB = net.HardwareAddr{2, 0, 0, 0, 0, 0xb}
)

func testFlow() Flow {
	return Flow{
		SrcMAC: macA, DstMAC: macB,
		SrcIP: netip.MustParseAddr("198.18.0.1"), DstIP: netip.MustParseAddr("198.18.0.2"),
		SrcPort: 49184, DstPort: 7, FrameSize: 64,
	}
}

// The checksums come from an independent program.
func TestFrameBytes(t *testing.T) {
	frame, offset, err := testFlow().Frame(0)
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

func TestFrame(t *testing.T) {
	v6 := func(f *Flow) {
		f.SrcIP, f.DstIP, f.FrameSize = netip.MustParseAddr("2001:2::1"), netip.MustParseAddr("2001:2::2"), 128
	}
	for _, tt := range []struct {
		name   string
		change func(*Flow)
		l3     int
		offset int
	}{
		{"smallest", func(*Flow) {}, 14, 42},
		{"odd size", func(f *Flow) { f.FrameSize = 333 }, 14, 42},
		{"largest", func(f *Flow) { f.FrameSize = 1518 }, 14, 42},
		{"VLAN", func(f *Flow) { f.VLAN = 100 }, 18, 46},
		{"largest with VLAN", func(f *Flow) { f.VLAN, f.FrameSize = 4094, 1522 }, 18, 46},
		{"IPv6", v6, 14, 62},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := testFlow()
			tt.change(&f)
			const signature = 0x0102030405060708
			frame, offset, err := f.Frame(signature)
			if err != nil {
				t.Fatal(err)
			}
			if len(frame) != f.FrameSize-4 {
				t.Errorf("%d bytes before the FCS, want %d", len(frame), f.FrameSize-4)
			}
			if offset != tt.offset || binary.NativeEndian.Uint64(frame[offset:]) != signature {
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
		change func(*Flow)
		want   string
	}{
		{"too small", func(f *Flow) { f.FrameSize = 63 }, "frame size 63"},
		{"too large", func(f *Flow) { f.FrameSize = 1519 }, "frame size 1519"},
		{"headers do not fit", func(f *Flow) {
			f.SrcIP, f.DstIP = netip.MustParseAddr("::1"), netip.MustParseAddr("::2")
		}, "need 74"},
		{"VLAN", func(f *Flow) { f.VLAN = 4095 }, "VLAN 4095"},
		{"mixed families", func(f *Flow) { f.DstIP = netip.MustParseAddr("::2") }, "both be IPv4"},
		{"no destination", func(f *Flow) { f.DstMAC = nil }, "six octets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := testFlow()
			tt.change(&f)
			if _, _, err := f.Frame(0); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestParseRate(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want float64
	}{
		{"max", 0},
		{"1000000", 1e6},
		{"250kpps", 250e3},
		{"1.5Mpps", 1.5e6},
		{"2Gpps", 2e9},
		{"10Gbps", 10e9 / 672}, // 64 bytes, preamble and gap: 14.88 Mpps
		{"672bps", 1},
	} {
		got, err := ParseRate(tt.in, 64)
		if err != nil || got < tt.want*0.999999 || got > tt.want*1.000001 {
			t.Errorf("ParseRate(%q) = %g, %v, want %g", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{"", "0", "-1", "fast", "1mpps", "NaN", "Inf", "1e400", "5 Mpps", "2000Gpps"} {
		if got, err := ParseRate(in, 64); err == nil {
			t.Errorf("ParseRate(%q) = %g, want an error", in, got)
		}
	}
}
