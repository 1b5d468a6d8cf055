package bench

import (
	"strings"
	"testing"
)

func TestPresets(t *testing.T) {
	for i, p := range Presets() {
		if got, err := ParsePreset(p.Name); err != nil || got.Help != p.Help || got.Check() != nil {
			t.Errorf("%s: %+v, %v", p.Name, got, err)
		}
		if (i == 0) != (p.Name == DefaultPreset) {
			t.Errorf("preset %d is %s, and the default is to be the first", i, p.Name)
		}
	}
	if _, err := ParsePreset("rfc2455"); err == nil || !strings.Contains(err.Error(), `"rfc2455": must be one of fdio, rfc2544, tst009`) {
		t.Errorf("error %v, want one with the names", err)
	}
}
