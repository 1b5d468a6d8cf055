package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// build makes the program as the Makefile and the image do.
func build(t *testing.T, env ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "podnet")
	cmd := exec.Command("../../scripts/build-podnet.sh", binary)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %q: %v\n%s", env, err, out)
	}
	return binary
}

// TestSize holds the program to 8 MB, which an init container pulls in no time.
func TestSize(t *testing.T) {
	const most = 8_000_000
	info, err := os.Stat(build(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f MB", float64(info.Size())/1e6)
	if info.Size() > most {
		t.Errorf("%d bytes, want %d at most", info.Size(), most)
	}
}

// TestCompilesElsewhere builds for the machines on which CNFs are written.
func TestCompilesElsewhere(t *testing.T) {
	for _, goos := range []string{"darwin", "windows"} {
		build(t, "GOOS="+goos, "GOARCH="+runtime.GOARCH)
	}
}

// TestLinksNeitherDPDKNorMeasurements lists the packages that the program links.
func TestLinksNeitherDPDKNorMeasurements(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 50 {
		t.Fatalf("go list -deps gives %d packages: too few for this test to mean anything", len(packages))
	}
	for _, p := range packages {
		for _, banned := range []string{"dpdk", "bench", "report", "result", "dataplane", "traffic", "metrics", "kube", "machine", "cli/measure"} {
			if p == "github.com/podnet/podnet/internal/"+banned {
				t.Errorf("podnet links %s", p)
			}
		}
		if p == "runtime/cgo" && os.Getenv("CGO_ENABLED") == "0" {
			t.Errorf("podnet links %s", p)
		}
	}
}

// TestRunsStatically runs the program where there is nothing but it and a pod.
func TestRunsStatically(t *testing.T) {
	binary := build(t)
	s := podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ns/vf", "interface": "net1", "mac": "02:00:00:00:00:01", "device-info": {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:3b:02.6"}}}]
-- environ --
PCIDEVICE_EXAMPLE_COM_VF=0000:3b:02.6
-- /proc/self/status --
Cpus_allowed_list:	4-7
`)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"inspect"}, "0000:3b:02.6"},
		{[]string{"args", "--memory", "none", "--interfaces", "net1"}, "--lcores=0@4,1@5,2@6,3@7"},
		{[]string{"render", "--app", "trex", "--memory", "none", "--interfaces", "net1"}, "master_thread_id: 4"},
	} {
		environ := filepath.Join(t.TempDir(), "environ")
		if err := os.WriteFile(environ, []byte(strings.Join(s.Environ, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(binary, append(c.args, "--root", s.Root, "--environ", environ)...)
		cmd.Env = []string{}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("podnet %q: %v, want %q:\n%s", c.args, err, c.want, out)
		}
	}
	if out, err := exec.Command(binary, "version").Output(); err != nil || !strings.HasPrefix(string(out), "podnet ") {
		t.Errorf("version: %v\n%s", err, out)
	}
}
