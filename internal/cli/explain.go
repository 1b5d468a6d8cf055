package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/podnet/podnet/lib/check"
)

// explained runs a program to its end, and where that is not a good one says from
// its log why. Its exit code becomes ours, 128 and the signal's number for a signal.
func (d Deps) explained(path string, argv, env []string) error {
	log := tail{limit: maxDryLog}
	child := &exec.Cmd{Path: path, Args: argv, Env: env, Stdin: d.In, Stdout: d.Out, Stderr: io.MultiWriter(d.Err, &log)}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = child.Process.Signal(s) // it may have ended
			case <-done:
				return
			}
		}
	}()
	err := child.Wait()
	exit, ended := errors.AsType[*exec.ExitError](err)
	if !ended {
		return err
	}
	for _, r := range check.OfLog(log.String()) {
		fmt.Fprintf(d.Err, "%s: %s: %s (%s)\n  found: %s\n  remedy: %s\n", d.Name, r.Status, r.Cause, r.Code, cell(r.Evidence[0]), r.Remedy)
	}
	code := exit.ExitCode()
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return withCode(code, err)
}
