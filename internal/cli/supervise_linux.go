package cli

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limits for a program that exec stays beside: how much of its log is kept, and how long
// exec waits until the program's children close the log, too.
const (
	maxProgramLog = 256 << 10
	logPatience   = time.Second
)

// supervise runs a program as a child to its end, and gives how it ended. Only its
// standard error passes through this process, unbuffered; standard output does so
// where both are the same file, so that their order stays. Signals are passed on.
//
// As process 1 of a container it reaps orphans, which DPDK's programs do not. The
// kernel ends the program if this process is killed, unless its file has capabilities
// (prctl(2) PR_SET_PDEATHSIG).
func (d Deps) supervise(path string, argv, env []string) error {
	d.Flush()
	runtime.LockOSThread() // for ever: the program ends with the thread that started it
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil { // not of os, whose ends do not block
		return os.NewSyscallError("pipe2", err)
	}
	reader, writer := os.NewFile(uintptr(ends[0]), "stderr"), os.NewFile(uintptr(ends[1]), "stderr")
	files := []*os.File{os.Stdin, os.Stdout, writer}
	if sameFile(os.Stdout, os.Stderr) {
		files[1] = writer
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passedOn()...)
	defer signal.Stop(signals)
	// With a terminal it stays in our group, which the shell has put into the foreground.
	_, hasTerminal := foreground()
	program, err := os.StartProcess(path, argv, &os.ProcAttr{
		Env: env, Files: files,
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: !hasTerminal},
	})
	_ = writer.Close()
	if err != nil {
		return errors.Join(errors.Unwrap(err), reader.Close())
	}
	log := tail{limit: maxProgramLog}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(io.MultiWriter(os.Stderr, &log), reader)
		_ = reader.Close() // so that the program learns if nobody reads
	}()
	ended := make(chan struct{})
	stopped := make(chan bool, 1)
	go func() { stopped <- passOn(program, signals, ended) }()
	status, err := reap(program.Pid)
	close(ended)
	if err != nil {
		return err
	}
	wasTold := <-stopped
	select {
	case <-copied:
	case <-time.After(logPatience):
	}
	e := &programEnded{code: status.ExitStatus()}
	if status.Signaled() {
		e.code, e.signal = 128+int(status.Signal()), int(status.Signal())
		wasTold = wasTold || slices.Contains(stopSignals, os.Signal(status.Signal())) || status.Signal() == syscall.SIGKILL
	}
	select {
	case <-copied:
		if e.code != 0 && !wasTold {
			d.explain(log.String())
		}
	default: // somebody still writes to it
	}
	return e
}

// passedOn are the signals that the program gets, too. One that is ignored, such as
// by nohup, stays so for the program.
func passedOn() []os.Signal {
	all := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM}
	return slices.DeleteFunc(all, signal.Ignored)
}

// passOn passes signals on until the program has ended, and reports whether one of them
// was a signal to stop.
func passOn(program *os.Process, signals <-chan os.Signal, ended <-chan struct{}) (stop bool) {
	for {
		select {
		case s := <-signals:
			stop = stop || slices.Contains(stopSignals, s)
			if !sentToAll(s) {
				_ = program.Signal(s) // it may have ended
			}
		case <-ended:
			return stop
		}
	}
}

// foreground gives the process group to which this process's terminal sends the signals
// of its keys; false: there is no terminal.
func foreground() (group int, ok bool) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return 0, false
	}
	defer tty.Close()
	group, err = unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return group, err == nil
}

// sentToAll reports whether a signal came from a key, so that the program has it, too.
func sentToAll(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	group, ok := foreground()
	return ok && group == unix.Getpgrp()
}

// reap waits for the program and for every other child of this process.
func reap(pid int) (unix.WaitStatus, error) {
	for {
		var status unix.WaitStatus
		switch got, err := unix.Wait4(-1, &status, 0, nil); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return status, os.NewSyscallError("wait4", err)
		case got == pid:
			return status, nil
		}
	}
}

func sameFile(a, b *os.File) bool {
	of, errA := a.Stat()
	other, errB := b.Stat()
	return errA == nil && errB == nil && os.SameFile(of, other)
}

// end ends this process like the program: with its exit code, or by the same signal. Only
// process 1 survives that signal.
func (e *programEnded) end() int {
	if e.signal != 0 {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // the program has left one
		var byDefault [4]uint64                              // struct sigaction with SIG_DFL
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(e.signal), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
		// To this thread: one that dumps core may reach another only after we have exited.
		runtime.LockOSThread()
		_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.Signal(e.signal))
	}
	return e.code
}
