package check

import (
	"path/filepath"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

// TestThisSystem opens what every machine has, and what none has.
func TestThisSystem(t *testing.T) {
	system, err := newSystem(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := system.open("/dev/null"); err != nil {
		t.Error(err)
	}
	missing := filepath.Join(t.TempDir(), "151")
	r, closed := (&Subject{system: system}).whyClosed(missing, system.open(missing))
	if !closed || r.Code != podnet.CodeDeviceNodeMissing || r.Cause != missing+" is not in the container" {
		t.Errorf("%+v", r)
	}
	if !system.process.known {
		t.Error("the process is not known")
	}
}
