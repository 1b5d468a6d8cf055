//go:build cross

// Package cross builds the application for arm64 and runs it under QEMU's emulation of
// that processor, with the DPDK that Debian has for it. It checks answers and counters,
// not speed, which an emulator does not have. It has one file; scripts/cross.sh compiles.
package cross

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/scratchpod"
)

// run returns what the command wrote to stdout and its exit code.
func run(t *testing.T, name string, args ...string) (stdout []byte, code int) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	if stderr.Len() > 0 {
		t.Logf("%s %q:\n%s", name, args, &stderr)
	}
	return stdout, cmd.ProcessState.ExitCode()
}

// must is run, for a command that has to succeed.
func must(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	stdout, code := run(t, name, args...)
	if code != 0 {
		t.Fatalf("%s %q: exit code %d", name, args, code)
	}
	return stdout
}

func TestArm64(t *testing.T) {
	dir := t.TempDir()
	foreign, native := filepath.Join(dir, "testpmd-wrapper"), filepath.Join(dir, "podnet")
	must(t, "../../scripts/cross.sh", "arm64", "go", "build", "-o", foreign, "github.com/podnet/podnet/cmd/testpmd-wrapper")
	must(t, "go", "build", "-o", native, "github.com/podnet/podnet/cmd/podnet")
	f, err := elf.Open(foreign)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != elf.EM_AARCH64 {
		t.Fatalf("built for %s", f.Machine)
	}

	root := strings.TrimSpace(string(must(t, "../../scripts/cross.sh", "--root", "arm64")))
	emulated := func(args ...string) []string { return append([]string{"-L", root, foreign}, args...) }
	pod, err := scratchpod.Create(filepath.Join(dir, "pod"))
	if err != nil {
		t.Fatal(err)
	}

	// The answer is the same on both processors.
	for _, args := range [][]string{
		{"inspect", "-o", "json", "--podinfo", pod.Podinfo, "--environ", pod.Environ},
		{"args", "-o", "json", "--dpdk-version", "24.11", "--podinfo", pod.Podinfo, "--environ", pod.Environ},
	} {
		got := must(t, "qemu-aarch64-static", emulated(args...)...)
		if diff := cmp.Diff(string(must(t, native, args...)), string(got)); diff != "" {
			t.Errorf("%s (-amd64 +arm64):\n%s", args[0], diff)
		}
	}

	const packets = 1000
	stdout, code := run(t, "qemu-aarch64-static", emulated("bench", "fixed", "--vdev", "net_ring0", "--memory", "none",
		"--rate", "500pps", "--duration", "2s", "-o", "json")...)
	// 5: the emulated processor was too slow for a valid result, which is not tested here.
	if code != 0 && code != 5 {
		t.Fatalf("bench: exit code %d", code)
	}
	var got result.Result
	if err := json.Unmarshal(stdout, &got); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	for _, trial := range got.Measurements[0].Trials {
		sent, received := trial.Sent.Packets, trial.Received.Packets
		t.Logf("valid %t: sent %d, received %d", trial.Valid, sent, received)
		if trial.Valid && sent != packets {
			t.Errorf("sent %d packets, want %d", sent, packets)
		}
		if sent == 0 || received != sent {
			t.Errorf("received %d of %d packets", received, sent)
		}
	}
}
