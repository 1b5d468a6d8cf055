package bench

import (
	"errors"
	"testing"
)

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
		{"50%", 64, 12.5e9 / 672},
		{"100%", 1518, 25e9 / 12304},
		{"1Gbps", imix.Mean(), 1e9 / ((4246./12 + 20) * 8)},
	} {
		got, err := ParseRate(tt.in, tt.bytes, 25e9)
		if err != nil || got < tt.want*0.999999 || got > tt.want*1.000001 {
			t.Errorf("ParseRate(%q, %g) = %g, %v, want %g", tt.in, tt.bytes, got, err, tt.want)
		}
	}
	for _, in := range []string{"", "0", "-1", "fast", "1mpps", "NaN", "Inf", "1e400", "5 Mpps", "2000Gpps", "0%", "101%", "%", "NaN%"} {
		if got, err := ParseRate(in, 64, 25e9); err == nil {
			t.Errorf("ParseRate(%q) = %g, want an error", in, got)
		}
	}
}

func TestRateOfAnUnknownLine(t *testing.T) {
	if got, err := ParseRate("50%", 64, 0); !errors.Is(err, ErrNoLineRate) {
		t.Errorf("%g, %v, want ErrNoLineRate", got, err)
	}
}

func TestParseLineRate(t *testing.T) {
	for in, want := range map[string]float64{"25G": 25e9, "10Gbps": 10e9, "100M": 100e6, "2.5G": 2.5e9, "400Gbps": 400e9} {
		if got, err := ParseLineRate(in); err != nil || got != want {
			t.Errorf("ParseLineRate(%q) = %g, %v, want %g", in, got, err, want)
		}
	}
	for _, in := range []string{"", "25", "G", "-1G", "NaNG", "1k", "0G", "25g", "99999G", "bps", "10bps"} {
		if got, err := ParseLineRate(in); err == nil {
			t.Errorf("ParseLineRate(%q) = %g, want an error", in, got)
		}
	}
}
