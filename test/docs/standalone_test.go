//go:build cgo && !nodpdk

package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
)

const withoutCluster = "docs/tutorials/without-a-cluster.md"

// The tutorial's commands follow one another: dut keeps running while the others measure.
func TestWithoutACluster(t *testing.T) {
	dir := tempDir(t)
	binary := build(t, dir)
	if err := os.Symlink(binary, filepath.Join(dir, "testpmd-wrapper")); err != nil {
		t.Fatal(err)
	}
	cpus := allowed(t)
	command := func(line string) *exec.Cmd {
		line = strings.NewReplacer("/tmp", dir, "--cpus 0", "--cpus "+cpus[0], "--cpus 1", "--cpus "+cpus[len(cpus)-1]).Replace(line)
		cmd := exec.Command("sh", "-c", "exec "+line)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "RUNTIME_DIRECTORY="+dir)
		return cmd
	}
	var lines []string
	for _, block := range fences(t, "sh") {
		if strings.HasPrefix(block.at, withoutCluster) {
			lines = append(lines, block.lines()...)
		}
	}
	measured := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "testpmd-wrapper dut ") {
			host := command(line)
			var out bytes.Buffer
			host.Stdout, host.Stderr = &out, &out
			if err := host.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := host.Process.Signal(syscall.SIGTERM); err != nil {
					t.Error(err)
				}
				if err := host.Wait(); err != nil {
					t.Errorf("%s: %v\n%s", line, err, &out)
				}
			}()
			continue
		}
		cmd := command(line)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState.ExitCode() != peertest.NotValid {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		measured++
	}
	if measured != 2 {
		t.Errorf("%d commands measure, want 2", measured)
	}
}
