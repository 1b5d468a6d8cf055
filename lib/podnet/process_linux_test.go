package podnet_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

// Another user's process is not for us to read, and the error says who may.
func TestForeignProcess(t *testing.T) {
	const variable = "TEST_FOREIGN_PID"
	if pid, err := strconv.Atoi(os.Getenv(variable)); err == nil { //nolint:forbidigo // tells the child from the test
		_, err := podnet.Discover(t.Context(), podnet.Options{PID: pid})
		if !errors.Is(err, podnet.CodeUnreadable) || !strings.Contains(err.Error(), "SYS_PTRACE") {
			t.Errorf("error %v", err)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("to become another user needs root")
	}
	other := exec.Command("/proc/self/exe", "-test.run=^TestForeignProcess$", "-test.v")
	other.Dir, other.Env = "/", append(os.Environ(), variable+"="+strconv.Itoa(os.Getpid()))
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := other.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestBadProcess(t *testing.T) {
	for _, tt := range []struct {
		opts podnet.Options
		code podnet.Code
		says string
	}{
		{podnet.Options{PID: 1 << 22}, podnet.CodeNotPresent, "no such process"},
		{podnet.Options{PID: -1}, podnet.CodeNotPresent, "no such process"},
		{podnet.Options{PID: 1, Root: "/tmp"}, podnet.CodeBadOption, "give one of them"},
		{podnet.Options{Root: "/proc/self/root"}, podnet.CodeBadOption, "leave it out"},
		{podnet.Options{Root: "/proc/1/root/"}, podnet.CodeBadOption, "--pid 1"},
	} {
		if _, err := podnet.Discover(t.Context(), tt.opts); !errors.Is(err, tt.code) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want %s", tt.opts, err, tt.code)
		}
	}
}
