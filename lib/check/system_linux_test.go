package check

import (
	"path/filepath"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

// TestThisSystem opens what every machine has, and what none has.
func TestThisSystem(t *testing.T) {
	s := thisSystem()
	if err := s.open("/dev/null"); err != nil {
		t.Error(err)
	}
	missing := filepath.Join(t.TempDir(), "151")
	problem, closed := whyClosed(missing, s.open(missing))
	if !closed || problem.Code != podnet.CodeDeviceNodeMissing || problem.Message != missing+" is not in the container" || problem.Remedy == "" {
		t.Errorf("%+v", problem)
	}
}
