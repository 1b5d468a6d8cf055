package dpdk

import "testing"

func TestStampShift(t *testing.T) {
	for _, tt := range []struct {
		hz    float64
		want  int
		grain float64 // at most, in ns
	}{
		{25e6, 0, 40},    // arm64's usual counter
		{100e6, 0, 10},   // others of its kind
		{1e9, 3, 8},      // arm64 from 8.6 on
		{2.6e9, 4, 6.2},  // a TSC
		{5e9, 5, 6.4},    // a fast one
		{54e6, 0, 18.6},  // a small board's
		{214e6, 0, 4.7},  // the last to fit
		{216e6, 1, 9.26}, // and the first not to
	} {
		got := stampShift(tt.hz)
		unit := float64(uint64(1)<<got) / tt.hz
		if got != tt.want || unit*1e9 > tt.grain {
			t.Errorf("%g Hz: %d, %g ns; want %d, at most %g ns", tt.hz, got, unit*1e9, tt.want, tt.grain)
		}
		if span := unit * (1 << 32); span < stampSpan {
			t.Errorf("%g Hz: a stamp's time lasts for %g s", tt.hz, span)
		}
	}
}
