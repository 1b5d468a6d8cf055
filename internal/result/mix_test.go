package result

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMix(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Mix
		name string // String of it
		mean float64
	}{
		{"64", Mix{{Bytes: 64, Weight: 1}}, "64", 64},
		{"imix", imix, "imix", 4246. / 12},
		{"IMIX", imix, "imix", 4246. / 12},
		{"64:7+570:4+1518:1", imix, "imix", 4246. / 12},
		{"64:1+128:3", Mix{{Bytes: 64, Weight: 1}, {Bytes: 128, Weight: 3}}, "64:1+128:3", 112},
	} {
		got, err := ParseMix(tt.in)
		if err != nil {
			t.Errorf("ParseMix(%q): %v", tt.in, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("ParseMix(%q) (-want +got):\n%s", tt.in, diff)
		}
		if got.String() != tt.name || got.Mean() != tt.mean || got.Frame().Bytes != tt.mean || (got.Frame().Mix != nil) != (len(tt.want) > 1) {
			t.Errorf("%q: name %q, mean %g, frame %+v", tt.in, got, got.Mean(), got.Frame())
		}
	}
	for _, in := range []string{"", "a", "64:", "64:1", "64:0+128:1", "64+128", "64:1+128", "64:-1+128:2", "64:257+128:1", "64:200+128:57", "64:1+", "64:1:1+2:2"} {
		if got, err := ParseMix(in); err == nil || !strings.Contains(err.Error(), "frame size") {
			t.Errorf("ParseMix(%q) = %v, %v, want an error", in, got, err)
		}
	}
}

func TestSizes(t *testing.T) {
	var got []string
	for _, m := range Sizes() {
		got = append(got, m.String())
	}
	if diff := cmp.Diff([]string{"64", "128", "256", "512", "1024", "1280", "1518"}, got); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
}

// Every size comes as often as its weight says, and evenly spread: it is nowhere
// ahead of or behind its share by a whole frame.
func TestPattern(t *testing.T) {
	for _, m := range []Mix{OneSize(64), imix, {{Bytes: 64, Weight: 100}, {Bytes: 128, Weight: 56}}} {
		counts := make([]float64, len(m))
		pattern := m.Pattern()
		for at, i := range pattern {
			counts[i]++
			for j, s := range m {
				if share := float64(s.Weight*(at+1)) / float64(len(pattern)); math.Abs(counts[j]-share) >= 1 {
					t.Errorf("%s: %g of the first %d frames are of %d bytes, want %.1f", m, counts[j], at+1, s.Bytes, share)
				}
			}
		}
		for i, s := range m {
			if counts[i] != float64(s.Weight) {
				t.Errorf("%s: %g frames of %d bytes", m, counts[i], s.Bytes)
			}
		}
	}
}
