package cli

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPID looks at a process that has a mount namespace, an environment and a CPU of
// its own.
func TestPID(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a mount namespace needs root")
	}
	other := exec.Command("unshare", "-m", "sh", "-c", `mount --bind "$1" /mnt && echo ready && exec taskset -c 0 sleep 600`, "sh", podinfo(t))
	other.Env = []string{"PATH=" + os.Getenv("PATH"), "PCIDEVICE_EXAMPLE_COM_A=0000:d8:02.1"}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	pid := strconv.Itoa(other.Process.Pid)

	run := func(args ...string) (int, string) {
		var f fakeExec
		code := execute(t.Context(), append(args, "--pid", pid, "--podinfo", "/mnt"), f.deps())
		return code, f.out.String() + f.err.String()
	}
	want := []string{`"name": "net1"`, `"EXAMPLE_COM_A"`}
	if runtime.NumCPU() > 1 {
		want = append(want, `"allowed": "0"`)
	}
	var code, text string
	lacks := func(part string) bool { return !strings.Contains(text, part) }
	for range 100 { // the programs on the way to the last one have to be through
		n, got := run("inspect", "-o", "json")
		code, text = strconv.Itoa(n), got
		if !slices.ContainsFunc(want, lacks) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, part := range want {
		if code != "0" || !strings.Contains(text, part) {
			t.Errorf("exit code %s, no %s in %s", code, part, text)
		}
	}
	if n, got := run("args", "--memory", "none", "--interfaces", "net1"); n != 0 || !strings.Contains(got, "--lcores=(0-1)@0") {
		t.Errorf("args: exit code %d: %s", n, got)
	}
	n, got := run("check", "--memory", "none", "--interfaces", "net1", "--for", "exec")
	if !strings.Contains(got, "warn  cpu-lcores: the container has one CPU, 0,") || !strings.Contains(got, "socket-peer (net1): the peer has not made") {
		t.Errorf("check: exit code %d: %s", n, got)
	}
}
