package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/result/resulttest"
)

// Kubernetes mounts the file: it stays the same one.
func TestTerminationIsWrittenInPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("old ", 5000)), 0o644); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	if err := WriteTermination(path, resulttest.NDR()); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) || after.Size() > SummaryBytes || after.Size() < 100 {
		t.Errorf("the file is another one, or has %d bytes (%v)", after.Size(), err)
	}
	if err := WriteTermination(filepath.Dir(path), resulttest.NDR()); err == nil {
		t.Error("a directory was written to")
	}
}
