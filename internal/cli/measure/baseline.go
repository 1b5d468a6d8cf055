package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/baseline"
	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/result"
)

// baselineTime is how long the kernel's path is measured at each frame size.
const baselineTime = 2 * time.Second

// baselineOption is the flag that names the peer of the measurement through the kernel.
type baselineOption struct{ KernelBaseline string }

func (o *baselineOption) addBaselineFlag(f *pflag.FlagSet) {
	f.StringVar(&o.KernelBaseline, "kernel-baseline", "",
		"first measure UDP through the kernel, for comparison, to a peer at HOST:PORT that runs run --udp-echo, such as 10.0.0.5:7000")
}

// checkBaseline reads the flag before anything starts.
func (o *baselineOption) checkBaseline() error {
	if o.KernelBaseline == "" {
		return nil
	}
	host, port, ok := cutEndpoint(o.KernelBaseline)
	if !ok || host == "" || port == 0 {
		return cli.UsageErrorf("--kernel-baseline %q: must be HOST:PORT of a peer that runs `run --udp-echo :PORT`, such as 10.0.0.5:7000", o.KernelBaseline)
	}
	return nil
}

// echoOption is the flag of the peer that answers.
type echoOption struct{ UDPEcho string }

func (o *echoOption) addEchoFlag(f *pflag.FlagSet) {
	f.StringVar(&o.UDPEcho, "udp-echo", "", "meanwhile answer the packets of a peer's bench --kernel-baseline on this UDP address, such as :7000")
}

// checkEcho reads the flag before anything starts.
func (o *echoOption) checkEcho() error {
	if o.UDPEcho == "" {
		return nil
	}
	if _, _, ok := cutEndpoint(o.UDPEcho); !ok {
		return cli.UsageErrorf("--udp-echo %q: must be :PORT or HOST:PORT of an address of this pod, such as :7000", o.UDPEcho)
	}
	return nil
}

// serveEcho serves --udp-echo, if it is given, until ctx ends or stop is called. stop
// fails if the echo had ended before.
func (o *echoOption) serveEcho(ctx context.Context) (stop func() error, err error) {
	if o.UDPEcho == "" {
		return func() error { return nil }, nil
	}
	echo, err := baseline.Serve(ctx, o.UDPEcho)
	if err != nil {
		return nil, fmt.Errorf("--udp-echo: %w", err)
	}
	return func() error {
		if err := echo.Close(); err != nil {
			return fmt.Errorf("--udp-echo: %w", err)
		}
		return nil
	}, nil
}

// cutEndpoint reads HOST:PORT. HOST may be empty.
func cutEndpoint(s string) (host string, port uint16, ok bool) {
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, false
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return host, uint16(n), err == nil
}

// measureKernel measures the path through the kernel for --kernel-baseline, at each frame
// size of the plan for d. It has to come before the first job: polling threads take the
// CPUs that Go would need.
func (s *session) measureKernel(ctx context.Context, d time.Duration) error {
	if s.KernelBaseline == "" {
		return nil
	}
	waiting, cancel := dataplane.Awaiting(ctx, s.PeerTimeout)
	defer cancel()
	client, err := baseline.Dial(waiting, s.KernelBaseline)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return s.kernelError(fmt.Errorf("%w within %s", err, s.PeerTimeout))
	}
	defer client.Close()
	for _, mix := range s.plan.mixes {
		frame := mix.Frame()
		s.monitor.begin(bench.Progress{Phase: "kernel baseline", Frame: frame})
		counts, err := client.Measure(ctx, int(math.Round(frame.Bytes)), d)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return s.kernelError(err)
		}
		k := kernelBaseline(client, frame, counts)
		s.monitor.endBaseline(k)
		s.result.KernelBaseline = append(s.result.KernelBaseline, k)
		if err := s.save(); err != nil {
			return err
		}
	}
	return nil
}

// kernelError names the peer and the remedy.
func (s *session) kernelError(err error) error {
	if errors.Is(err, syscall.EMSGSIZE) {
		return cli.NotReady(fmt.Errorf("--kernel-baseline %s: %w: a link on the way has a smaller MTU than this pod, and takes no fragments: "+
			"correct the MTU of the cluster's network, or leave such sizes out of --frame-size", s.KernelBaseline, err))
	}
	_, port, _ := net.SplitHostPort(s.KernelBaseline) // checked before
	return cli.NotReady(fmt.Errorf("--kernel-baseline %s: %w: see that the peer runs `run --udp-echo :%s`, "+
		"and that no NetworkPolicy or firewall blocks UDP to that port", s.KernelBaseline, err, port))
}

// kernelBaseline makes the result's entry from the counters.
func kernelBaseline(client *baseline.Client, frame result.Frame, c baseline.Counts) result.KernelBaseline {
	k := result.KernelBaseline{
		Peer: client.Peer(), Frame: frame.Name, FrameBytes: c.FrameBytes,
		Sent: c.Sent, Received: c.Received, Seconds: c.Active.Seconds(), RTT: bench.NewRTT(c.RTT),
	}
	if i := client.Interface(); i != nil {
		k.Interface, k.MTU = i.Name, i.MTU
	}
	if c.Active > 0 {
		k.Mpps = float64(c.Received) / c.Active.Seconds() / 1e6
	}
	if c.Sent > 0 {
		k.LossRatio = float64(c.Sent-c.Received) / float64(c.Sent)
	}
	return k
}

// endBaseline shows the result of a frame size.
func (m *monitor) endBaseline(k result.KernelBaseline) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot.Phase = ""
	if m.terminal {
		return
	}
	m.log.Info("kernel baseline", "frame", k.Frame, "bytes", k.FrameBytes, "interface", cmp.Or(k.Interface, "unknown"),
		"receivedMpps", round(k.Mpps), "lossRatio", round(k.LossRatio))
}
