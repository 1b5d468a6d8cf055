//go:build cgo && !nodpdk

package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/scratchpod"
)

// shim stands in the PATH of the documents' commands for the application, and
// gives it the scratch pod's files in place of the container's own.
const shim = `#!/bin/sh
command=$1
shift
exec "$BINARY" "$command" --podinfo "$PODINFO" --environ "$ENVIRON" "$@"
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

// Every command of the application in the documents does what it is there for,
// in a pod whose other side reflects what it gets.
func TestCommandsOfTheApplication(t *testing.T) {
	dir := tempDir(t)
	binary := build(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "testpmd-wrapper"), []byte(shim), 0o755); err != nil {
		t.Fatal(err)
	}
	for command := range commands(t, "testpmd-wrapper") {
		t.Run(command, func(t *testing.T) {
			dir := tempDir(t)
			pod, err := scratchpod.Create(dir)
			if err != nil {
				t.Fatal(err)
			}
			startHost(t, binary, pod)
			cmd := exec.Command("sh", "-c", command)
			cmd.Env = append(os.Environ(),
				"PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"),
				"BINARY="+binary, "PODINFO="+pod.Podinfo, "ENVIRON="+pod.Environ, "RUNTIME_DIRECTORY="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// startHost starts the other side of the pod's sockets, until the test ends.
func startHost(t *testing.T, binary string, pod scratchpod.Pod) {
	t.Helper()
	cmd := exec.Command(binary, "dut", "--forward", "bridge", "--memory", "none",
		"--vhost-user", "server:"+pod.Socket("net1"), "--vhost-user", "server:"+pod.Socket("net2"),
		"--memif", "server:"+pod.Socket("net3"), "--memif", "server:"+pod.Socket("net4"))
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+filepath.Dir(pod.Podinfo))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It ends in order only once it is up.
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(pod.Socket("net4")); err == nil {
			break
		} else if time.Now().After(end) {
			t.Errorf("the host's side does not come up: %v", err)
			break
		}
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
		case <-time.After(10 * time.Second):
			t.Errorf("the host's side did not end on SIGTERM: %v", cmd.Process.Kill())
			<-ended
		}
		if t.Failed() {
			t.Logf("the host's side:\n%s", &out)
		}
	})
}

// The README's table of exit codes is the application's.
func TestExitCodes(t *testing.T) {
	help, err := exec.Command(build(t, tempDir(t)), "help", "exit-codes").Output()
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?m)^\| (\d+) \|`)
	text := regexp.MustCompile(`(?m)^ +(\d+)  `)
	if got, want := matches(table, documents(t)["README.md"]), matches(text, string(help)); !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("README has the exit codes %s, and help exit-codes %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}
