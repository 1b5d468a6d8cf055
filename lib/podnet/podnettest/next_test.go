package podnettest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// TestNext has the states of a pod seen by Watch, one after the other.
func TestNext(t *testing.T) {
	s := podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/networks --
ns/vhost
-- podinfo/labels --
app="cnf"
-- /proc/self/status --
Cpus_allowed_list:	4-5
`)
	states := []string{`
-- annotations/k8s.v1.cni.cncf.io/networks --
ns/vhost
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ns/vhost", "interface": "net1", "device-info":
  {"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "client", "path": "/run/v"}}}]
`, `
-- sockets --
/run/v
-- /proc/self/status --
Cpus_allowed_list:	4-7
`}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var seen []string
	for pod, err := range podnet.Watch(ctx, s.Options()) {
		if err != nil {
			t.Fatal(err)
		}
		ready := podnet.Ready(pod)
		state := pod.CPUs.Allowed.String() + " ready"
		if ready != nil {
			state = strings.Fields(state)[0] + " " + string(kind(ready))
		}
		if !slices.Contains(seen, state) { // files of one state come one after the other
			seen = append(seen, state)
		}
		if ready == nil && pod.CPUs.Allowed.Size() == 4 {
			break
		}
		if len(states) > 0 {
			s.Next(t, states[0])
			states = states[1:]
		}
	}
	for _, want := range []string{"4-5 no-status", "4-5 socket-missing", "4-7 ready"} {
		if !slices.Contains(seen, want) {
			t.Errorf("states %q, want %q among them", seen, want)
		}
	}
	// Files that the new state does not have are gone from the volume.
	volume := filepath.Join(s.Root, "etc/podnetinfo")
	if _, err := os.Lstat(filepath.Join(volume, "labels")); !os.IsNotExist(err) {
		t.Errorf("labels of the first state: %v", err)
	}
	if old, err := filepath.Glob(filepath.Join(volume, "..2*")); err != nil || len(old) != 1 {
		t.Errorf("states of the volume: %q, %v", old, err)
	}
}

// kind is the code for which the pod is not ready.
func kind(err error) podnet.Code {
	for _, code := range []podnet.Code{podnet.CodeNoStatus, podnet.CodeSocketMissing} {
		if errors.Is(err, code) {
			return code
		}
	}
	return "other"
}

// TestNextOfNothing gives a volume to a pod that had none, and leaves one alone.
func TestNextOfNothing(t *testing.T) {
	s := podnettest.New(t, "-- /a --\n1\n")
	s.Next(t, "-- annotations/k --\nv\n-- symlinks --\n/b -> a\n")
	s.Next(t, "-- /a --\n2\n-- /d/ --\n-- symlinks --\n/b -> d\n")
	for name, want := range map[string]string{"a": "2\n", "etc/podnetinfo/annotations": `k="v"`} {
		if got, err := os.ReadFile(filepath.Join(s.Root, name)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want)
		}
	}
	if target, err := os.Readlink(filepath.Join(s.Root, "b")); err != nil || target != "d" {
		t.Errorf("b -> %s, %v", target, err)
	}
}

func TestUpdateFails(t *testing.T) {
	s := podnettest.New(t, "-- /a --\n1\n")
	for text, says := range map[string]string{
		"-- environ --\nA=1\n":   "do not change",
		"-- hints --\na=b\n":     "do not change",
		"-- /a/../b --\n":        "not a clean path",
		"-- /a/b --\n1\n":        "not a directory",
		"-- sockets --\nrun/v\n": "absolute",
	} {
		if err := s.Update([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error with %q", text, err, says)
		}
	}
	unwritten, err := podnettest.Parse([]byte("-- /a --\n1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := unwritten.Update(nil); err == nil || !strings.Contains(err.Error(), "not written") {
		t.Errorf("before it is written: %v", err)
	}
}
