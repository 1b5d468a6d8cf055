package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/scratchpod"
)

// generatorInvalid is bench's exit code for a result that is not valid.
const generatorInvalid = 5

// measure starts dut with the fault, has bench measure it, and gives the result,
// which may not be valid.
func measure(ctx context.Context, wrapper, socket string, fault, how []string) (r result.Result, err error) {
	dir, err := os.MkdirTemp("", "podnet-dut-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	pod, err := scratchpod.Create(dir)
	if err != nil {
		return r, err
	}
	iface := map[string]string{"vhost-user": "net1", "memif": "net3"}[socket]

	command := func(cpu string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "taskset", append([]string{"--cpu-list", cpu, wrapper}, args...)...)
		cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+dir)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 10 * time.Second
		return cmd
	}
	host := command("0", slices.Concat([]string{"dut", "--" + socket, pod.Socket(iface)}, fault)...)
	var hostErr bytes.Buffer
	host.Stderr = &hostErr
	if err := host.Start(); err != nil {
		return r, err
	}
	defer func() {
		_ = host.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		if e := host.Wait(); e != nil {
			err = errors.Join(err, fmt.Errorf("dut: %w\n%s", e, &hostErr))
		}
	}()
	args := slices.Concat([]string{"bench"}, how, []string{
		"--tx", iface, "--frame-size", "64", "--warmup", "200ms", "--podinfo", pod.Podinfo, "--environ", pod.Environ, "-o", "json",
	})
	var stdout, stderr bytes.Buffer
	// The polling lcore is the second; Go's threads are with the device.
	cmd := command("0,1", args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != generatorInvalid {
		return r, fmt.Errorf("bench: %w\n%s", err, &stderr)
	}
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		return r, fmt.Errorf("bench's result: %w\n%s", err, &stderr)
	}
	return r, nil
}
