package eal_test

import (
	"errors"
	"testing"

	"github.com/podnet/podnet/lib/eal"
)

func TestParseVersion(t *testing.T) {
	tests := []struct{ text, want string }{
		{"22.11", "22.11"},
		{"22.11.0", "22.11"},
		{"22.11.11", "22.11.11"},
		{"DPDK 24.11.3", "24.11.3"},
		{"DPDK 26.07.0-rc2", "26.07"},
		{"25.07", "25.07"},
		{"21.11.9", ""},
		{"22.10.99", ""},
		{"", ""},
		{"24", ""},
		{"24.13", ""},
		{"24.11.1.2", ""},
		{"24.x", ""},
		{"-24.11", ""},
		{"24.11.256", ""},
		{"1024.11", ""},
	}
	for _, tt := range tests {
		v, err := eal.ParseVersion(tt.text)
		if tt.want == "" {
			if !errors.Is(err, eal.ErrVersion) {
				t.Errorf("ParseVersion(%q) = %v, error %v; want ErrVersion", tt.text, v, err)
			}
			continue
		}
		if err != nil || v.String() != tt.want {
			t.Errorf("ParseVersion(%q) = %v, error %v; want %s", tt.text, v, err, tt.want)
		}
		var again eal.Version
		if text, _ := v.MarshalText(); again.UnmarshalText(text) != nil || again != v {
			t.Errorf("%v read back is %v", v, again)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	patch, err := eal.ParseVersion("23.11.6")
	if err != nil {
		t.Fatal(err)
	}
	ascending := []eal.Version{eal.V22_11, eal.V23_11, patch, eal.V24_11, eal.V25_11}
	for i, v := range ascending[1:] {
		if v <= ascending[i] {
			t.Errorf("%v is not after %v", v, ascending[i])
		}
	}
	if got := eal.Version(0).String(); got != "22.11" {
		t.Errorf("the zero version is %s, want 22.11", got)
	}
}
