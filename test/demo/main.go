// Command demo shows podnet at work on one machine: it lays out the files of a pod with two
// vhost-user and two memif interfaces, starts the host's side of the sockets as another
// process, and lets the pod's side resolve and measure its interfaces. Then it compares the
// counters of both ends, including the packets that the host dropped on purpose. Its rates
// are not a benchmark: both ends share the machine. Start with demo.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/podnet/podnet/test/internal/scratchpod"
)

// enough is how many packets each kind of socket has to carry.
const enough = 1_000_000

func main() {
	wrapper := flag.String("wrapper", "bin/testpmd-wrapper", "the application")
	duration := flag.Duration("duration", 5*time.Second, "how long to measure each kind of socket")
	memory := flag.String("memory", "auto", "hugepages, none (ordinary pages), or auto: hugepages if enough are free")
	keep := flag.Bool("keep", false, "keep the pod's files, and the host's side of its sockets running, until Ctrl-C")
	flag.Parse()

	// A signal that stops the demo stops its processes, and it cleans up after them.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := demo(ctx, *wrapper, *memory, *duration, *keep, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context, wrapper, memory string, duration time.Duration, keep bool, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "podnet-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	pod, err := scratchpod.Create(dir)
	if err != nil {
		return err
	}
	lab, err := newLab(wrapper, memory, dir, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s. CPUs: %d for the host's side, %d for the pod's.\nPOD=%s\n\n", lab.memoryText(), lab.hostCPU, lab.podCPU, dir)

	if err := lab.inspect(ctx, pod); err != nil {
		return err
	}
	trials := []trial{
		{kind: "vhost-user", tx: "net1", rx: "net2", option: "--vhost-user"},
		{kind: "memif", tx: "net3", rx: "net4", option: "--memif"},
	}
	for i := range trials {
		if err := lab.measure(ctx, pod, &trials[i], duration); err != nil {
			return fmt.Errorf("%s: %w", trials[i].kind, err)
		}
	}
	if err := lab.known(ctx, pod); err != nil {
		return fmt.Errorf("known faults: %w", err)
	}
	if err := writeTable(out, trials); err != nil {
		return err
	}
	var errs []error
	for _, t := range trials {
		errs = append(errs, t.check())
	}
	if err := errors.Join(errs...); err != nil || !keep {
		return err
	}
	return lab.keep(ctx, pod)
}

func writeTable(out io.Writer, trials []trial) error {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "socket\tpod sent\thost received\thost sent\tpod received\tMpps received\tGbit/s L1\t")
	for _, t := range trials {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%.2f\t%.2f\t\n",
			t.kind, t.podSent, t.hostReceived, t.hostSent, t.podReceived, t.mpps, t.gbps)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, t := range trials {
		for _, c := range t.caveats {
			fmt.Fprintf(out, "%s: %s\n", t.kind, c)
		}
	}
	return nil
}
