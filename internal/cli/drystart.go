package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/podnet"
)

// Limits of a dry start: how long it may take, how long it may take to end after a signal, and
// how much of DPDK's log is kept.
const (
	dryStartTime = 90 * time.Second
	dryStopTime  = 1800 * time.Millisecond
	maxDryLog    = 4 << 20
)

// notOfRun are the flags of check that run does not have, or that a dry start sets itself.
var notOfRun = []string{"for", "output", "dry-start", "frame-size", "dpdk-version", "root", "pid", "no-check"}

// runArgs gives the arguments with which this program starts DPDK like check's flags say,
// and ends at once.
func runArgs(cmd *cobra.Command) []string {
	args := []string{"run", "--no-check", "--mode=rxonly", "--duration=1ms", "--peer-timeout=5s", "--verbose", "--eal-arg=--log-level=lib.eal:debug"}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(notOfRun, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			args = append(args, "--"+f.Name+"="+value)
		}
	})
	return args
}

// dryStart starts DPDK in a child, since DPDK may abort or exit its process, and finds out
// from its log why it did not come up. The child ends with ctx, and at once if this
// process does.
func (d Deps) dryStart(ctx context.Context, env, args []string) []check.Result {
	self, err := os.Executable()
	if err != nil {
		return dryFailure(err.Error(), nil)
	}
	ctx, cancel := context.WithTimeout(ctx, dryStartTime)
	defer cancel()
	log := tail{limit: maxDryLog}
	child := exec.CommandContext(ctx, self, args...)
	child.Args[0] = os.Args[0]
	child.Env, child.Stderr = env, &log
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = dryStopTime
	begin := time.Now()
	if err = child.Start(); err == nil {
		ended := make(chan struct{})
		done := d.AtOnce(func() {
			_ = child.Process.Signal(syscall.SIGTERM) // its second: it removes its files and exits
			select {
			case <-ended:
			case <-time.After(grace):
				_ = child.Process.Kill()
			}
		})
		err = child.Wait()
		close(ended)
		done()
	}
	if err == nil {
		return []check.Result{dryResult(check.Result{
			Status: check.Pass, Evidence: []string{fmt.Sprintf("EAL and every port came up and ended within %v", time.Since(begin).Round(time.Millisecond))},
		})}
	}
	results := check.OfLog(log.String())
	for i := range results {
		results[i] = dryResult(results[i])
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == CodeUsage {
		return []check.Result{dryResult(check.Result{
			Status: check.Fail, Code: podnet.CodeBadOption, Cause: "run does not take these arguments", Evidence: lastLine(log.String()),
			Remedy: "correct the option; without a port (--interfaces none) there is nothing to start",
		})}
	}
	if !slices.ContainsFunc(results, func(r check.Result) bool { return r.Status == check.Fail }) {
		results = append(results, dryFailure(ended(err), lastLine(log.String()))...)
	}
	return results
}

func dryResult(r check.Result) check.Result {
	r.Check, r.Group = "dry-start", check.DPDK
	return r
}

func dryFailure(cause string, evidence []string) []check.Result {
	return []check.Result{dryResult(check.Result{
		Status: check.Fail, Code: podnet.CodeEndedByDPDK, Cause: "DPDK did not start: " + cause, Evidence: evidence,
		Remedy: "see DPDK's log: run with --verbose and --eal-arg=--log-level=lib.eal:debug",
	})}
}

// ended says how the child ended.
func ended(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Error()
	}
	return err.Error()
}

// lastLine gives the last useful line of a text. The hint at the end of a usage error is
// not useful.
func lastLine(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if n := len(lines) - 1; n > 0 && strings.HasPrefix(lines[n], "Run '") && strings.HasSuffix(lines[n], " for usage.") {
		lines = lines[:n]
	}
	if last := lines[len(lines)-1]; last != "" {
		return []string{last}
	}
	return nil
}
