//go:build cgo && !nodpdk

package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/scratchpod"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// shim is the application in the PATH of the documents' commands. It gives commands that
// read a pod the scratch pod's files in place of the container's own.
const shim = `#!/bin/sh
case "$1 $2" in
"dut "*|"report "*|"version "*|"bench compare"|"fabric plan") exec "$BINARY" "$@";;
esac
command=$1
shift
exec taskset --cpu-list "$CPU" "$BINARY" "$command" --podinfo "$PODINFO" --environ "$ENVIRON" "$@"
`

// build makes the application and gives its path.
func build(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(dir, "binary")
	out, err := exec.Command("go", "build", "-o", binary, "../../cmd/testpmd-wrapper").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func tempDir(t *testing.T) string {
	t.Helper()
	// t.TempDir is too long for a socket's path.
	dir, err := os.MkdirTemp("", "podnet-docs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Every command of the application in the documents works,
// in a pod whose other side reflects what it gets.
func TestCommandsOfTheApplication(t *testing.T) {
	dir := tempDir(t)
	binary := build(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "testpmd-wrapper"), []byte(shim), 0o755); err != nil {
		t.Fatal(err)
	}
	cpus := allowed(t)
	for _, block := range fences(t, "sh") {
		if strings.HasPrefix(block.at, withoutCluster) {
			continue // TestWithoutACluster runs them together
		}
		var lines []string
		for _, line := range block.lines() {
			if strings.HasPrefix(line, "testpmd-wrapper ") {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			continue
		}
		// The commands of a block may build on one another's files.
		dir := tempDir(t)
		pod, err := scratchpod.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(block.at, func(t *testing.T) {
			startHost(t, cpus[0], binary, pod)
			for _, line := range lines {
				cmd := exec.Command("sh", "-c", line)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(),
					"PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"),
					"BINARY="+binary, "CPU="+cpus[len(cpus)-1], "PODINFO="+pod.Podinfo, "ENVIRON="+pod.Environ, "RUNTIME_DIRECTORY="+dir)
				out, err := cmd.CombinedOutput()
				// On a busy machine bench is right to call a measurement not valid.
				if err != nil && cmd.ProcessState.ExitCode() != peertest.NotValid {
					t.Errorf("%s: %v\n%s", line, err, out)
				}
			}
		})
	}
}

// allowed are the CPUs that we may use. The two sides poll, so each gets its own.
func allowed(t *testing.T) (cpus []string) {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			cpus = append(cpus, strconv.Itoa(cpu))
		}
	}
	return cpus
}

// startHost starts the other side of the pod's sockets, until the test ends.
func startHost(t *testing.T, cpu, binary string, pod scratchpod.Pod) {
	t.Helper()
	cmd := exec.Command("taskset", "--cpu-list", cpu, binary, "dut", "--forward", "bridge", "--memory", "none",
		"--vhost-user", "server:"+pod.Socket("net1"), "--vhost-user", "server:"+pod.Socket("net2"),
		"--memif", "server:"+pod.Socket("net3"), "--memif", "server:"+pod.Socket("net4"))
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+filepath.Dir(pod.Podinfo))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It ends in order only once it is up. It makes its sockets in any order.
	if err := testpeer.Poll(peertest.Patience, func() error {
		for _, name := range []string{"net1", "net2", "net3", "net4"} {
			if _, err := os.Stat(pod.Socket(name)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Errorf("the host's side does not come up: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the host's side: %v", err)
		}
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("the host's side: %v", err)
		}
		select {
		case <-ended:
		case <-time.After(peertest.Patience):
			t.Errorf("the host's side did not end on SIGTERM: %v", cmd.Process.Kill())
			<-ended
		}
		if t.Failed() {
			t.Logf("the host's side:\n%s", &out)
		}
	})
}

// The documents' table of exit codes is the application's.
func TestExitCodes(t *testing.T) {
	help, err := exec.Command(build(t, tempDir(t)), "help", "exit-codes").Output()
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?m)^\| (\d+) \|`)
	text := regexp.MustCompile(`(?m)^ +(\d+)  `)
	if got, want := matches(table, documents(t)["docs/reference/compatibility.md"]), matches(text, string(help)); !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("compatibility.md has the exit codes %s, and help exit-codes %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}
