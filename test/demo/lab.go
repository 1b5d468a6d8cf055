package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/scratchpod"
)

// pagesNeeded is how many free 2 MB pages the two processes want together.
const pagesNeeded = 256

// lab is where the demo's processes run.
type lab struct {
	wrapper         string
	dir             string // DPDK's runtime files, removed with it
	memory          string // the value of --memory
	hostCPU, podCPU int
	out             io.Writer
}

func newLab(wrapper, memory, dir string, out io.Writer) (*lab, error) {
	if memory == "auto" {
		memory = freeMemory()
	}
	l := &lab{wrapper: wrapper, dir: dir, memory: memory, out: out}
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return nil, err
	}
	var cpus []int
	for cpu := range len(allowed) * 64 {
		if allowed.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	l.hostCPU, l.podCPU = cpus[0], cpus[min(1, len(cpus)-1)]
	return l, nil
}

// freeMemory is hugepages if there are enough free ones, else none.
func freeMemory() string {
	free, err := os.ReadFile("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
	if err != nil {
		return "none"
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(free))); err != nil || n < pagesNeeded {
		return "none"
	}
	return "hugepages"
}

func (l *lab) memoryText() string {
	if l.memory == "none" {
		return "Memory: ordinary pages, no hugepages"
	}
	return "Memory: hugepages of 2 MB"
}

// command prepares the application on one CPU. The end of ctx asks it to stop,
// as the kubelet would.
func (l *lab) command(ctx context.Context, cpu int, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"--cpu-list", strconv.Itoa(cpu), l.wrapper}, args...)...)
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+l.dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// say prints the next command as a user would type it, with the pod's directory in POD.
func (l *lab) say(args []string) {
	command := strings.Join(args, " ")
	fmt.Fprintf(l.out, "$ testpmd-wrapper %s\n", strings.ReplaceAll(command, l.dir, "$POD"))
}

func (l *lab) inspect(ctx context.Context, pod scratchpod.Pod) error {
	args := []string{"inspect", "--podinfo", pod.Podinfo, "--environ", pod.Environ}
	l.say(args)
	cmd := exec.CommandContext(ctx, l.wrapper, args...)
	cmd.Stdout, cmd.Stderr = l.out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	fmt.Fprintln(l.out)
	return nil
}

// trial is the measurement of one kind of socket: the pod sends on tx, the host
// bridges to rx, where the pod receives.
type trial struct {
	kind, tx, rx string
	option       string // of dut

	podSent, hostReceived, hostSent, podReceived uint64
	mpps, gbps                                   float64
	caveats                                      []string // bench's remarks on the figures
}

// ring is how many packets a socket's ring can hold. On a busy machine there may be packets
// in it when the pod ends: they count as sent, but nobody receives them.
const ring = 1024

// check fails if the two ends do not agree, or if too few packets went all the way.
func (t trial) check() error {
	if t.hostReceived > t.podSent || t.podSent-t.hostReceived > ring {
		return fmt.Errorf("%s: the pod sent %d packets, and the host received %d", t.kind, t.podSent, t.hostReceived)
	}
	if t.podReceived > t.hostSent || t.hostSent-t.podReceived > ring {
		return fmt.Errorf("%s: the host sent %d packets, and the pod received %d", t.kind, t.hostSent, t.podReceived)
	}
	if least := min(t.hostReceived, t.podReceived); least < enough {
		return fmt.Errorf("%s: only %d packets went all the way, of at least %d", t.kind, least, enough)
	}
	return nil
}

func (l *lab) measure(ctx context.Context, pod scratchpod.Pod, t *trial, duration time.Duration) error {
	host, err := l.startHost(ctx,
		"dut", t.option, "server:"+pod.Socket(t.tx), t.option, "server:"+pod.Socket(t.rx),
		"--forward", "bridge", "--memory", l.memory, "-o", "json")
	if err != nil {
		return err
	}
	defer host.kill()

	// Neither a warm-up nor a probe: the host counts from the first packet.
	args := []string{
		"bench", "--tx", t.tx, "--rx", t.rx, "--duration", duration.String(), "--warmup", "0s",
		"--dst-mac", "02:00:00:00:00:99", "--memory", l.memory,
		"--podinfo", pod.Podinfo, "--environ", pod.Environ, "-o", "json",
	}
	l.say(args)
	var stdout, stderr bytes.Buffer
	cmd := l.command(ctx, l.podCPU, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != notValid {
		return fmt.Errorf("bench: %w\n%shost's side:\n%s", err, &stderr, &host.stderr)
	}
	var result result.Result
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		return fmt.Errorf("bench's result: %w", err)
	}
	t.caveats = result.Caveats()
	measured := result.Measurements[0].Trials[0]
	counts, err := host.stop()
	if err != nil {
		return err
	}
	if len(counts.Interfaces) != 2 {
		return fmt.Errorf("dut counted %d interfaces, not 2", len(counts.Interfaces))
	}
	t.hostReceived = counts.Interfaces[0].RxPackets
	t.hostSent = counts.Interfaces[1].TxPackets
	for _, i := range measured.Interfaces {
		if i.Name == t.tx {
			t.podSent = i.TxPackets
		}
		if i.Name == t.rx {
			t.podReceived = i.RxPackets
		}
	}
	t.mpps, t.gbps = measured.Received.Mpps, measured.Received.GbpsL1
	return nil
}

// host is the running host's side.
type host struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan struct{} // closed when the process has ended
	err            error         // how it ended
}

func (l *lab) startHost(ctx context.Context, args ...string) (*host, error) {
	l.say(args)
	h := &host{cmd: l.command(ctx, l.hostCPU, args...), done: make(chan struct{})}
	h.cmd.Stdout, h.cmd.Stderr = &h.stdout, &h.stderr
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		h.err = h.cmd.Wait()
		close(h.done)
	}()
	return h, nil
}

// stop ends the host's side and returns what it counted.
func (h *host) stop() (result.Run, error) {
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return result.Run{}, fmt.Errorf("dut: %w", err)
	}
	select {
	case <-h.done:
	case <-time.After(10 * time.Second):
		return result.Run{}, fmt.Errorf("dut did not end on SIGTERM\n%s", &h.stderr)
	}
	if h.err != nil {
		return result.Run{}, fmt.Errorf("dut: %w\n%s", h.err, &h.stderr)
	}
	var counts result.Run
	if err := json.Unmarshal(h.stdout.Bytes(), &counts); err != nil {
		return result.Run{}, fmt.Errorf("dut's counts: %w", err)
	}
	return counts, nil
}

// kill makes sure that no process stays behind.
func (h *host) kill() {
	if err := h.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		<-h.done
	}
}
