package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/lib/podnet"
)

// A command that is told to stop while it waits for the pod ends as one that
// waits for a peer does.
func TestWaitStopped(t *testing.T) {
	stop := errors.New("told to stop")
	stopping := func() context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
		return ctx
	}
	never := driveOptions{podOptions: podOptions{Podinfo: t.TempDir(), Wait: time.Hour}, ealOptions: ealOptions{Queues: 1}}

	var f fakeExec
	o := runOptions{
		deps: f.deps(), driveOptions: never, Mode: "io", Output: "json",
		FrameSize: 64, Rate: "max", flowOptions: flowOptions{SrcIP: "198.18.0.1", DstIP: "198.18.0.2"},
	}
	if err := runRun(stopping(), o); err != nil || !strings.Contains(f.out.String(), `"interfaces": []`) {
		t.Errorf("run: %v, output %q, want a result without interfaces", err, &f.out)
	}
	ctx := stopping()
	if _, _, err := never.start(ctx, f.deps()); !stopped(ctx, err) || exitCode(err) != codeFailed {
		t.Errorf("bench: %v, code %d", err, exitCode(err))
	}
}

// An own device needs no pod, so none is waited for.
func TestWaitOwnDevices(t *testing.T) {
	o := driveOptions{
		podOptions: podOptions{Podinfo: t.TempDir(), Wait: time.Hour},
		ealOptions: ealOptions{Queues: 0, VDevs: []string{"net_null0"}}, // ends the start before DPDK's
	}
	var f fakeExec
	if _, _, err := o.start(t.Context(), f.deps()); exitCode(err) != codeUsage {
		t.Errorf("start: %v, code %d", err, exitCode(err))
	}
}

func TestWaitReady(t *testing.T) {
	no := false
	pod := &podnet.Pod{Interfaces: []podnet.Interface{
		{Name: "net1", Memif: &podnet.Memif{Path: "/1", Role: podnet.RoleClient, Exists: &no}},
		{Name: "net2", Memif: &podnet.Memif{Path: "/2", Role: podnet.RoleServer}},
	}}
	for _, tt := range []struct {
		interfaces []string
		want       string // empty: ready
	}{
		{nil, `interface "net1"`},
		{[]string{"net2"}, ""},
		{[]string{"net2", "net1"}, `interface "net1"`},
		{[]string{"net9", "net9"}, `interface "net9": the pod has no such interface: it has net1, net2`},
	} {
		err := ready(tt.interfaces)(pod)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.interfaces, err, tt.want)
		}
	}
	pod.Warnings = []podnet.Warning{{Code: podnet.CodePending, Source: "annotation", Where: "w", Message: "m"}}
	if err := ready([]string{"net2"})(pod); err == nil || err.Error() != "annotation w: m" {
		t.Errorf("with a network that is pending: %v", err)
	}
}
