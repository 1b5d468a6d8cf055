//go:build linux

// Package testpeer starts DPDK programs for tests and benchmarks and observes them from
// outside: their counters over DPDK's telemetry socket, their threads and CPU time through
// /proc. So the same code measures podnet's programs and the stock ones, and does not parse
// their screens. It does not depend on package testing: peertest adds that. Start with
// Start and DialTelemetry.
package testpeer

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"
)

// Options say how a program is started.
type Options struct {
	CPUs       cpuset.CPUSet       // CPUs to start on; empty: the caller's
	Env        []string            // added to the caller's environment
	Credential *syscall.Credential // user to start as; nil: the caller's
	Caps       []uintptr           // capabilities that this user has all the same

	Stdout, Stderr *os.File // what the output goes to; nil: files, as Process.Stdout reads them
}

// Process is a program that runs, or ran, with its output in files.
type Process struct {
	PID   int
	Stdin io.WriteCloser

	name        string
	out, errOut string // paths
	done        chan struct{}
	cmd         *exec.Cmd
}

// Processes get the signals of a terminal, even where nohup or a shell's background
// job started the test, which ignores one then and would pass that on.
func init() {
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

// Start starts argv in a process group of its own; the kernel kills it if the
// caller dies. Its output goes to <dir>/<name>.out and <dir>/<name>.err.
func Start(dir, name string, argv []string, o Options) (*Process, error) {
	p := &Process{
		name:   name,
		out:    filepath.Join(dir, name+".out"),
		errOut: filepath.Join(dir, name+".err"),
		done:   make(chan struct{}),
		cmd:    exec.Command(argv[0], argv[1:]...),
	}
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: o.Credential, AmbientCaps: o.Caps}
	stdout, err := os.Create(p.out)
	if err != nil {
		return nil, err
	}
	defer stdout.Close() // the child has its own descriptor
	stderr, err := os.Create(p.errOut)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	p.cmd.Stdout, p.cmd.Stderr = cmp.Or(o.Stdout, stdout), cmp.Or(o.Stderr, stderr)
	if p.Stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := startOn(p.cmd, o.CPUs); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.PID = p.cmd.Process.Pid
	go func() {
		defer close(p.done)
		p.cmd.Wait() //nolint:errcheck // ProcessState tells the same
	}()
	return p, nil
}

// startOn starts cmd with its CPU affinity set from the first instruction on: a
// child has the affinity of the thread that forks it.
func startOn(cmd *exec.Cmd, cpus cpuset.CPUSet) error {
	if cpus.IsEmpty() {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	for _, cpu := range cpus.UnsortedList() {
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("set affinity to CPUs %s: %w", cpus, err)
	}
	defer unix.SchedSetaffinity(0, &before) //nolint:errcheck // these CPUs were ours a moment ago
	return cmd.Start()
}

// Name is the name that Start was given.
func (p *Process) Name() string { return p.name }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether the process has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Ended gives an error that says how the process has ended; nil while it runs.
func (p *Process) Ended() error {
	if p.Running() {
		return nil
	}
	code, err := p.Wait(0)
	if err == nil {
		err = fmt.Errorf("%s has ended with exit code %d", p.name, code)
	}
	return err
}

// Signal sends a signal to the process; one that has ended does not mind.
func (p *Process) Signal(sig os.Signal) {
	p.cmd.Process.Signal(sig) //nolint:errcheck // as documented
}

// Wait waits until the process ends and returns its exit status as a shell does: 128 and
// the signal's number if a signal ended it.
func (p *Process) Wait(timeout time.Duration) (int, error) {
	select {
	case <-p.done:
	case <-time.After(timeout):
		if p.Running() {
			return 0, fmt.Errorf("%s (pid %d) still runs after %v", p.name, p.PID, timeout)
		}
	}
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// Kill ends the process, and whatever else its group holds, without asking.
func (p *Process) Kill() {
	if p.Running() {
		unix.Kill(-p.PID, unix.SIGKILL) //nolint:errcheck // it may have ended just now
	}
	<-p.done
}

// Stdout gives the process's standard output so far.
func (p *Process) Stdout() string { return read(p.out) }

// Stderr gives the process's standard error so far.
func (p *Process) Stderr() string { return read(p.errOut) }

func read(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
