package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/podnet/podnet/test/internal/scratchpod"
)

// keep leaves the pod as it is, with the host's side of all its sockets, until the
// demo gets a signal.
func (l *lab) keep(ctx context.Context, pod scratchpod.Pod) error {
	args := []string{"dut", "--forward", "bridge", "--memory", l.memory, "-o", "json"}
	for _, name := range []string{"net1", "net2"} {
		args = append(args, "--vhost-user", "server:"+pod.Socket(name))
	}
	for _, name := range []string{"net3", "net4"} {
		args = append(args, "--memif", "server:"+pod.Socket(name))
	}
	host, err := l.startHost(ctx, args...)
	if err != nil {
		return err
	}
	defer host.kill()
	example := fmt.Sprintf("%s bench --cpus %d --tx net1 --rx net2 --memory %s --podinfo %s --environ %s",
		l.wrapper, l.podCPU, l.memory, pod.Podinfo, pod.Environ)
	fmt.Fprintf(l.out, "\nThe pod stays until Ctrl-C. In another terminal:\nPOD=%s\n%s\n", l.dir, strings.ReplaceAll(example, l.dir, "$POD"))
	select {
	case <-ctx.Done():
		return nil
	case <-host.done:
		if host.err == nil { // Ctrl-C is for all of a terminal's processes
			return nil
		}
		return fmt.Errorf("dut ended: %w\n%s", host.err, &host.stderr)
	}
}
