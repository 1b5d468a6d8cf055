package measure

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/cli"
)

// A command that gets a signal while it waits for the pod ends as one that
// waits for a peer does.
func TestWaitStopped(t *testing.T) {
	stop := errors.New("told to stop")
	stopping := func() context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
		return ctx
	}
	never := driveOptions{PodOptions: cli.PodOptions{Podinfo: t.TempDir(), Wait: time.Hour}, EALOptions: cli.EALOptions{Queues: 1}}

	var f world
	o := runOptions{
		deps: f.deps(), driveOptions: never, Mode: "io", Output: "json",
		FrameSize: 64, Rate: "max", flowOptions: flowOptions{SrcIP: "198.18.0.1", DstIP: "198.18.0.2"},
	}
	if err := runRun(stopping(), o); err != nil || !strings.Contains(f.out.String(), `"interfaces": []`) {
		t.Errorf("run: %v, output %q, want a result without interfaces", err, &f.out)
	}
	ctx := stopping()
	if _, _, err := never.start(ctx, f.deps()); !cli.Stopped(ctx, err) || cli.ExitCode(err) != cli.CodeFailed {
		t.Errorf("bench: %v, code %d", err, cli.ExitCode(err))
	}
}

// A device that a flag names needs no pod, so the command waits for none.
func TestWaitOwnDevices(t *testing.T) {
	o := driveOptions{
		PodOptions: cli.PodOptions{Podinfo: t.TempDir(), Wait: time.Hour},
		EALOptions: cli.EALOptions{Queues: 0, VDevs: []string{"net_null0"}}, // ends the start before DPDK's
	}
	var f world
	if _, _, err := o.start(t.Context(), f.deps()); cli.ExitCode(err) != cli.CodeUsage {
		t.Errorf("start: %v, code %d", err, cli.ExitCode(err))
	}
}
