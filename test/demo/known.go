package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"text/tabwriter"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/scratchpod"
)

// notValid is the exit code of a measurement that the machine spoiled. The demo repeats
// it, with at most so many attempts.
const (
	notValid = 5
	attempts = 6
)

// known shows that bench distinguishes faults: the host drops, doubles and reorders some
// packets and counts them, and bench has to count the same. If other processes take the
// CPU for longer than the rings last, bench is right to call the measurement not valid.
func (l *lab) known(ctx context.Context, pod scratchpod.Pod) (err error) {
	for range attempts {
		err = l.faults(ctx, pod)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != notValid {
			return err
		}
		fmt.Fprintln(l.out, "other processes had the CPU meanwhile, and bench calls the measurement not valid. Again:")
	}
	fmt.Fprintf(l.out, "in all %d attempts other processes had the CPU: this machine is too busy to measure the host's faults\n\n", attempts)
	return nil
}

func (l *lab) faults(ctx context.Context, pod scratchpod.Pod) error {
	host, err := l.startHost(ctx, "dut", "--memif", "server:"+pod.Socket("net3"),
		"--loss", "every:101", "--duplicate", "every:251", "--reorder", "every:397", "--memory", l.memory, "-o", "json")
	if err != nil {
		return err
	}
	defer host.kill()
	args := []string{
		"bench", "--tx", "net3", "--rate", "2kpps", "--flows", "1", // packets are out of order only within a flow
		"--duration", "2s", "--warmup", "0s",
		"--dst-mac", "02:00:00:00:00:99", "--memory", l.memory,
		"--podinfo", pod.Podinfo, "--environ", pod.Environ, "-o", "json",
	}
	l.say(args)
	var stdout, stderr bytes.Buffer
	cmd := l.command(ctx, l.podCPU, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("bench: %w\n%shost's side:\n%s", err, &stderr, &host.stderr)
	}
	var result result.Result
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		return fmt.Errorf("bench's result: %w", err)
	}
	counts, err := host.stop()
	if err != nil {
		return err
	}
	made, found := counts.Faults, result.Measurements[0].Trials[0]
	if made == nil {
		return errors.New("dut counted no faults")
	}
	tw := tabwriter.NewWriter(l.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "of %d packets\tlost\ttwice\tout of order\t\n", found.Offered)
	fmt.Fprintf(tw, "the host made\t%d\t%d\t%d\t\n", made.Dropped, made.Duplicated, made.Reordered)
	fmt.Fprintf(tw, "bench found\t%d\t%d\t%d\t\n", found.Lost, found.Duplicates, found.Reordered)
	if err := tw.Flush(); err != nil {
		return err
	}
	if found.Lost != made.Dropped || found.Duplicates != made.Duplicated || found.Reordered != made.Reordered || made.Dropped == 0 {
		return fmt.Errorf("bench found other faults than the host made\n%s", &stderr)
	}
	_, err = fmt.Fprintln(l.out)
	return err
}
