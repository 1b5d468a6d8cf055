package bench

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFields(t *testing.T) {
	got, err := ParseFields([]string{"dst-ip", "src-port"})
	if err != nil || !slices.Equal(got, []Field{DstIP, SrcPort}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, names := range [][]string{nil, {"vlan"}, {"src-ip", "src-ip"}, {""}} {
		if got, err := ParseFields(names); err == nil {
			t.Errorf("%q: %v", names, got)
		}
	}
}

// All flows that a trial asks for differ from each other.
func TestFlowsDiffer(t *testing.T) {
	for _, fields := range [][]Field{
		nil, {SrcIP}, {DstPort}, {SrcIP, DstIP}, {SrcPort, DstPort}, {SrcIP, SrcPort}, {SrcIP, DstIP, SrcPort, DstPort},
	} {
		f := testFlow()
		f.Vary = fields
		f.Flows = 1
		for _, flows := range []int{1, 254, 16_352, 100_000, MaxFlows} {
			f.Flows = flows
			values, err := f.Values()
			if err != nil {
				if len(fields) > 1 || flows <= 16_352 {
					t.Errorf("%v: %v", fields, err)
				}
				continue
			}
			seen := make(map[[4]int]bool, flows)
			for flow := range flows {
				var key [4]int
				for i, field := range Fields() {
					key[i] = flow % max(1, values[field])
				}
				seen[key] = true
			}
			if len(seen) != flows {
				t.Errorf("%v: %d of %d flows differ", fields, len(seen), flows)
			}
		}
	}
}

func TestFlowsThatDoNotFit(t *testing.T) {
	f := testFlow()
	f.Flows = 16_353
	if _, err := f.Values(); err == nil || !strings.Contains(err.Error(), "src-port can count up for only 16352") {
		t.Errorf("%v", err)
	}
	f.Vary, f.SrcPort, f.DstPort = []Field{SrcPort, DstPort}, 65535, 65534
	if _, err := f.Values(); err == nil || !strings.Contains(err.Error(), "for only 2") {
		t.Errorf("%v", err)
	}
	f.Vary, f.SrcIP = []Field{SrcIP}, netip.MustParseAddr("255.255.255.250")
	if _, err := f.Values(); err == nil || !strings.Contains(err.Error(), "for only 6") {
		t.Errorf("%v", err)
	}
}

func TestHostsAndReversed(t *testing.T) {
	f := testFlow()
	f.Vary, f.Flows = []Field{DstIP, DstPort}, 254
	src, dst, err := f.Hosts()
	if err != nil || src.Count != 1 || dst.Count != 254 || dst.First != f.DstIP {
		t.Errorf("%+v, %+v, %v", src, dst, err)
	}
	r := f.Reversed()
	if diff := cmp.Diff([]Field{SrcIP, DstPort}, r.Vary); diff != "" || r.SrcIP != f.DstIP || r.DstIP != f.SrcIP {
		t.Errorf("reversed: %+v", r)
	}
	if f.Vary[0] != DstIP {
		t.Error("the flow itself has changed")
	}
}
