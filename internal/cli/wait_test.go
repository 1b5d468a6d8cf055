package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

func TestWaitReady(t *testing.T) {
	no := false
	pod := &podnet.Pod{Interfaces: []podnet.Interface{
		{Name: "net1", Memif: &podnet.Memif{Path: "/1", Role: podnet.RoleClient, Exists: &no}},
		{Name: "net2", Memif: &podnet.Memif{Path: "/2", Role: podnet.RoleServer}},
	}}
	for _, tt := range []struct {
		interfaces []string
		want       string // empty: ready
	}{
		{nil, `interface "net1"`},
		{[]string{"net2"}, ""},
		{[]string{"net2", "net1"}, `interface "net1"`},
		{[]string{"net9", "net9"}, `interface "net9": the pod has no such interface: it has net1, net2`},
	} {
		err := ready(tt.interfaces)(pod)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.interfaces, err, tt.want)
		}
	}
	pod.Warnings = []podnet.Warning{{Code: podnet.CodePending, Source: "annotation", Where: "w", Message: "m"}}
	if err := ready([]string{"net2"})(pod); err == nil || err.Error() != "annotation w: m" {
		t.Errorf("with a network that is pending: %v", err)
	}
}

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
