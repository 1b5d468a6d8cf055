//go:build e2e

package render_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/render"
)

// TestGroutTakesItsProfile starts grout by its start line, and has grcli execute the
// commands, on the CPUs of this machine and without hugepages. Debian has grout from
// forky on: `make test-forky` runs this there.
func TestGroutTakesItsProfile(t *testing.T) {
	if _, err := exec.LookPath("grout"); err != nil {
		if release, _ := os.ReadFile("/etc/os-release"); strings.Contains(string(release), "VERSION_CODENAME=forky") {
			t.Fatal(err)
		}
		t.Skip("this release of Debian has no grout")
	}
	pod, err := podnet.Discover(t.Context(), podnet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := render.Files(pod, render.Grout, render.ConfigOptions{Dir: dir, EAL: podnet.EALOptions{
		Interfaces: []string{}, Memory: podnet.MemoryNone,
		Devices: []eal.Device{eal.VDev{Arg: "net_null0"}, eal.VDev{Arg: "net_null1,size=64"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(dir, "s")
	var log bytes.Buffer
	grout := exec.Command("sh", filepath.Join(dir, "grout.sh"), "-s", socket, "-M", "unix:"+filepath.Join(dir, "m"))
	grout.Stdout, grout.Stderr = &log, &log
	if err := grout.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- grout.Wait() }()
	defer func() {
		_ = grout.Process.Kill()
		t.Logf("grout: %v", <-ended)
	}()
	for {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("grout: %v\n%s", err, &log)
		case <-time.After(100 * time.Millisecond):
		}
	}
	for _, args := range [][]string{{"-e", "-f", filepath.Join(dir, "interfaces.grcli")}, {"interface", "show"}} {
		out, err := exec.Command("grcli", append([]string{"-s", socket}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("grcli %q: %v\n%s", args, err, out)
		}
		if words := strings.Fields(string(out)); args[0] == "interface" && (!slices.Contains(words, "devargs=net_null0") || !slices.Contains(words, "devargs=net_null1,size=64")) {
			t.Errorf("interfaces:\n%s", out)
		}
	}
}
