package measure

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/baseline"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

// kernelSession is a bench of these frame sizes before its start.
func kernelSession(t *testing.T, peer string, timeout time.Duration, sizes ...string) (*session, *bytes.Buffer) {
	t.Helper()
	mixes, err := parseMixes(sizes)
	if err != nil {
		t.Fatal(err)
	}
	o := &benchOptions{baselineOption: baselineOption{peer}}
	o.PeerTimeout = timeout
	var b bytes.Buffer
	s := &session{benchOptions: o, plan: plan{mixes: mixes}}
	s.monitor = newMonitor(cli.Streams{Err: &b}, "", &s.result)
	return s, &b
}

func TestKernelBaseline(t *testing.T) {
	echo, err := baseline.Serve(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	s, log := kernelSession(t, echo.Addr().String(), time.Minute, "64", "imix")
	if err := s.measureKernel(t.Context(), 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	type kind struct {
		frame string
		bytes int
	}
	var got []kind
	for _, k := range s.result.KernelBaseline {
		got = append(got, kind{k.Frame, k.FrameBytes})
		if k.Sent == 0 || k.Received == 0 || k.Mpps <= 0 || k.Seconds < 0.3 || k.LossRatio < 0 || k.LossRatio > 1 ||
			k.RTT == nil || k.Peer != echo.Addr().String() || k.Interface == "" || k.MTU == 0 {
			t.Errorf("a figure is missing: %+v", k)
		}
	}
	if diff := cmp.Diff([]kind{{"64", 64}, {"imix", 354}}, got, cmp.AllowUnexported(kind{})); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	if n := strings.Count(log.String(), `msg="kernel baseline" frame=`); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, log)
	}
	if p := s.monitor.Snapshot().Phase; p != "" {
		t.Errorf("phase %q goes on", p)
	}
}

func TestKernelBaselineWithoutAPeer(t *testing.T) {
	s, _ := kernelSession(t, "127.0.0.1:1", 10*time.Millisecond, "64")
	err := s.measureKernel(t.Context(), 300*time.Millisecond)
	if cli.ExitCode(err) != cli.CodeNotReady || !errors.Is(err, baseline.ErrNoAnswer) {
		t.Fatalf("%v, want one that says that nobody answers", err)
	}
	for _, part := range []string{"127.0.0.1:1", "10ms", "run --udp-echo :1", "NetworkPolicy"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: does not say %s", err, part)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.measureKernel(stopped, time.Hour); !errors.Is(err, context.Canceled) || cli.ExitCode(err) == cli.CodeNotReady {
		t.Errorf("told to stop: %v", err)
	}
	s.KernelBaseline = ""
	if err := s.measureKernel(stopped, time.Hour); err != nil || s.result.KernelBaseline != nil {
		t.Errorf("not asked for: %v, %v", err, s.result.KernelBaseline)
	}
}

func TestKernelBaselineOfNothing(t *testing.T) {
	echo, err := baseline.Serve(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	client, err := baseline.Dial(t.Context(), echo.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	k := kernelBaseline(client, result.OneSize(64).Frame(), baseline.Counts{FrameBytes: 64})
	if want := (result.KernelBaseline{Peer: k.Peer, Interface: k.Interface, MTU: k.MTU, Frame: "64", FrameBytes: 64}); k != want {
		t.Errorf("%+v, want no figures", k)
	}
}

func TestUDPEcho(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:0"} {
		stop, err := (&echoOption{address}).serveEcho(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(stop(), stop()); err != nil {
			t.Error(err)
		}
	}
}
