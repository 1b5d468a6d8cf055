//go:build linux

package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func samples(values ...float64) (s []sample) {
	for _, v := range values {
		s = append(s, sample{value: v})
	}
	return s
}

// The ratio is the ratio of the medians, and a row meets its limit if it equals it.
func TestNewResult(t *testing.T) {
	none := func(*bench) (sample, error) { return sample{}, nil }
	for _, tt := range []struct {
		name       string
		row        row
		peer, ours []sample
		ratio      float64
		met        bool
	}{
		{"met by the medians", row{least: 1, peer: none}, samples(8, 8, 10), samples(10, 8, 8), 1, true},
		{"not met", row{least: 1, peer: none}, samples(6, 8), samples(8, 10), 7.0 / 9, false},
		{"the most", row{most: 1.6}, nil, samples(1.5, 1.6, 9), 0, true},
		{"above the most", row{most: 1.6}, nil, samples(1.5, 1.7, 9), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := newResult(tt.row, tt.peer, tt.ours)
			if math.Abs(got.Ratio-tt.ratio) > 1e-9 || got.Met != tt.met {
				t.Errorf("ratio %g, met %t, want %g and %t", got.Ratio, got.Met, tt.ratio, tt.met)
			}
		})
	}
}

func TestGeometricMean(t *testing.T) {
	got := geometricMean([]result{{Ratio: 0.5}, {Ratio: 2}})
	if math.Abs(got.Ratio-1) > 1e-9 || got.Met {
		t.Errorf("%+v, want a ratio of 1, which is too little", got)
	}
}

func TestWriteInto(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	doc := document{Machine: "some CPU", Rows: []result{{Work: "io", Unit: perPacket, Ours: &spread{1, 1, 1}, Most: 2, Met: true}}}
	if err := os.WriteFile(file, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := doc.writeInto(file); err == nil {
		t.Error("no error without marks")
	}
	if err := os.WriteFile(file, []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds the marks again
		if err := doc.writeInto(file); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n", "some CPU", "| io |", "after\n"} {
		if strings.Count(string(text), want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "old") {
		t.Errorf("the old table is still there:\n%s", text)
	}
}

func TestReported(t *testing.T) {
	if got, err := nsReported("packets 12 ns 3.250\n"); err != nil || got != 3.25 {
		t.Errorf("%g, %v", got, err)
	}
	if _, err := nsReported("packets\n"); err == nil {
		t.Error("no error without a time")
	}
	const line = "  CPU cycles/packet=30.00 (total cycles=300 / total RX packets=10) at 3000 MHz Clock\n"
	if got, err := cyclesReported(line); err != nil || got != 10 {
		t.Errorf("%g, %v", got, err)
	}
}
