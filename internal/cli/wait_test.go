package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Render writes its file once the status comes, and no sooner.
func TestRenderWaits(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "out")
	write("annotations", "k8s.v1.cni.cncf.io/networks=\"ns/m\"\n")
	write("template", `socket: {{(interface "net1").memif.path | yaml}}`)
	var f fakeExec
	args := []string{"render", "--template", filepath.Join(dir, "template"), "--podinfo", dir, "--out", out}
	if code := execute(t.Context(), args, f.deps()); code != CodeNotReady {
		t.Errorf("without --wait: exit code %d: %s", code, &f.err)
	}
	if code := execute(t.Context(), append(args, "--wait=50ms"), f.deps()); code != CodeNotReady || !strings.Contains(f.err.String(), "still missing after") {
		t.Errorf("with too short a --wait: exit code %d: %s", code, &f.err)
	}
	ended := make(chan int, 1)
	go func() { ended <- execute(t.Context(), append(args, "--wait=1m"), f.deps()) }()
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is there before the status: %v", err)
	}
	write("status", strings.ReplaceAll(memifStatus, "client", "server"))
	if err := os.Rename(filepath.Join(dir, "status"), filepath.Join(dir, "annotations")); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, &f.err)
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != `socket: "/run/m.sock"` {
		t.Errorf("%q, %v", text, err)
	}
}
