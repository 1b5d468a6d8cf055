//go:build e2e

// Package e2e tests the application as a user has it: the built program, on a scratch pod,
// with the stock dpdk-testpmd or Open vSwitch as the other side. The counters of both ends
// must agree to the packet; the other side's come from its telemetry socket. It does not
// test real NICs (test/lab) or Kubernetes (test/k8s). Start with wrapper_test.go, which
// runs the application, pod_test.go and testpmd_test.go.
//
// Tests that judge neither a rate nor all warnings are parallel: most of their time they
// wait for processes.
//
// A test fails if the machine lacks a program that it needs (dpdk-testpmd, Open vSwitch
// with DPDK): a skipped test would show nothing.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// wrapper is the program under test: PODNET_BIN, or built here.
var wrapper string

// peerCPU is where the other side polls, podCPU where the pod does. On a machine
// with one CPU they share it.
var peerCPU, podCPU int

// settleTime is how long counters may take to come to rest, and a process to start,
// to notice what happened to its peer and to end, on a busy machine.
var settleTime = peertest.Patience

// promptly is the time within which the application ends after a signal, with a third of a
// CPU. Its own waits then take at most a fifth of that.
const promptly = 10 * time.Second

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		if err := setup(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			return 1
		}
		dir, err := os.MkdirTemp("/tmp", "podnet-e2e-bin-")
		if err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := os.Chmod(dir, 0o755); err != nil { // for those who are not root
			fmt.Fprintln(os.Stderr, "e2e:", err)
			return 1
		}
		if wrapper = os.Getenv("PODNET_BIN"); wrapper == "" {
			if wrapper, err = build(dir); err != nil {
				fmt.Fprintln(os.Stderr, "e2e:", err)
				return 1
			}
		}
		return m.Run()
	}())
}

func setup() error {
	if _, err := exec.LookPath("dpdk-testpmd"); err != nil {
		return fmt.Errorf("the other side of every test: %w: install dpdk-dev", err)
	}
	threads, err := testpeer.Threads(os.Getpid())
	if err != nil {
		return err
	}
	cpus := threads[0].CPUs.List()
	peerCPU, podCPU = cpus[0], cpus[min(1, len(cpus)-1)]
	// A loop loses packets if other processes have its CPU for longer than its ring lasts.
	// Without the privilege to raise its priority, a test may fail on a busy machine.
	_ = testpeer.RaisePriority()
	return nil
}

func build(dir string) (string, error) {
	// An interrupt ends the build too.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	bin := filepath.Join(dir, "testpmd-wrapper")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin, "../../cmd/testpmd-wrapper")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build testpmd-wrapper: %w\n%s", err, out)
	}
	return bin, nil
}
