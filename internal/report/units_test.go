package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// Rates have the unit that people would say, whatever their size.
func TestRateUnits(t *testing.T) {
	for _, tt := range []struct {
		mpps         float64
		text, column string
	}{
		{14.88, "14.8800 Mpps", "14.8800"},
		{0.1, "0.1000 Mpps", "0.1000"},
		{0.0155, "15.5 kpps", "0.01550"},
		{0.00199995, "2 kpps", "0.002000"},
		{4.0484e-05, "40.48 pps", "0.00004048"},
		{0, "0.0000 Mpps", "0.0000"},
		{-1, "-1.0000 Mpps", "-1.0000"},
	} {
		if text, column := inPackets(tt.mpps), fixed(tt.mpps); text != tt.text || column != tt.column {
			t.Errorf("%g: %q and in a column %q, want %q and %q", tt.mpps, text, column, tt.text, tt.column)
		}
	}
	if text := inBits(0.0013); text != "1.3 Mbit/s" {
		t.Errorf("0.0013 Gbit/s is %q", text)
	}
}

// The table of a slow path has figures before the point, and the table of a sweep begins
// with the answer for every frame size.
func TestSlowSweep(t *testing.T) {
	r := resulttest.Fixed()
	r.Measurements = []result.Measurement{resulttest.FixedAt(0.0004, 0), resulttest.FixedAt(0.00004, 0)}
	r.Measurements[1].Repeat, r.Measurements[1].Valid = 2, false
	var b bytes.Buffer
	if err := writeTable(&b, r); err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"frames figure value 64 received 0.4 kpps,", "64 (2) received 40 pps,", "not valid",
		"packets kpps", "packets pps", " 0.4000 ", " 40.0000 ",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if answer, details := strings.Index(words, "64 (2)"), strings.Index(words, "packets kpps"); answer > details {
		t.Errorf("the answer is not first:\n%s", b.String())
	}
}
