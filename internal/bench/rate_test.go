package bench

import "testing"

func TestParseRate(t *testing.T) {
	for _, tt := range []struct {
		in    string
		bytes float64
		want  float64
	}{
		{"max", 64, 0},
		{"1000000", 64, 1e6},
		{"250kpps", 64, 250e3},
		{"1.5Mpps", 64, 1.5e6},
		{"2Gpps", 64, 2e9},
		{"10Gbps", 64, 10e9 / 672}, // preamble and gap included: 14.88 Mpps
		{"672bps", 64, 1},
		{"1Gbps", imix.Mean(), 1e9 / ((4246./12 + 20) * 8)},
	} {
		got, err := ParseRate(tt.in, tt.bytes)
		if err != nil || got < tt.want*0.999999 || got > tt.want*1.000001 {
			t.Errorf("ParseRate(%q, %g) = %g, %v, want %g", tt.in, tt.bytes, got, err, tt.want)
		}
	}
	for _, in := range []string{"", "0", "-1", "fast", "1mpps", "NaN", "Inf", "1e400", "5 Mpps", "2000Gpps"} {
		if got, err := ParseRate(in, 64); err == nil {
			t.Errorf("ParseRate(%q) = %g, want an error", in, got)
		}
	}
}
