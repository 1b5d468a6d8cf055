package dpdk_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
)

// start starts EAL on the fake with these ports.
func start(t *testing.T, f *dpdktest.Fake, ports ...string) *dpdk.Runtime {
	t.Helper()
	args := []string{"--no-pci"}
	for _, p := range ports {
		args = append(args, "--vdev", p)
	}
	r, err := dpdk.Start(t.Context(), dpdk.Options{Args: args, Driver: f})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStart(t *testing.T) {
	f := dpdktest.New()
	r := start(t, f)
	if diff := cmp.Diff([]string{"testpmd-wrapper", "--no-pci"}, f.Args()); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]dpdk.Lcore{{ID: 1, CPU: 5}, {ID: 2, CPU: 6}}, r.PollingLcores()); diff != "" {
		t.Errorf("polling lcores (-want +got):\n%s", diff)
	}
	if err := r.Close(t.Context()); err != nil || !f.CleanedUp() {
		t.Errorf("Close: %v, cleaned up: %v", err, f.CleanedUp())
	}
	if _, err := r.Port(t.Context(), "a"); err == nil {
		t.Error("EAL answered after its end")
	}
}

func TestStartQuotesDPDK(t *testing.T) {
	f := dpdktest.New()
	f.On(dpdktest.Init, func(string) error {
		f.Log('7', "EAL: Detected 2 lcores")
		f.Log('5', "EAL: No free hugepages")
		f.Log('4', "EAL: Cannot init memory")
		f.Log('8', "EAL: a detail")
		return syscall.ENOMEM
	})
	var log bytes.Buffer
	_, err := dpdk.Start(t.Context(), dpdk.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Driver: f})
	if !errors.Is(err, syscall.ENOMEM) {
		t.Errorf("error %v does not wrap the cause", err)
	}
	if text := err.Error(); !strings.Contains(text, "EAL: Cannot init memory") || strings.Contains(text, "Detected") {
		t.Errorf("error %q should quote DPDK's errors, and no more", text)
	}
	if !strings.Contains(log.String(), "level=ERROR msg=\"EAL: Cannot init memory\"") {
		t.Errorf("log %q lacks the line", log.String())
	}
}

var errTimeout = errors.New("too late")

// soon is a context that ends, with errTimeout, in a bubble's blink.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errTimeout)
	t.Cleanup(cancel)
	return ctx
}

func TestStartEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New()
		f.Hang(dpdktest.Init)
		defer f.Release()
		if _, err := dpdk.Start(soon(t), dpdk.Options{Driver: f}); !errors.Is(err, errTimeout) {
			t.Errorf("error %v, want the context's cause", err)
		}
	})
}

// A call that hangs in DPDK keeps nobody longer than his context does, and then
// all that follow.
func TestCallsEndWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New()
		r := start(t, f, "net_ring0")
		p, err := r.Port(t.Context(), "net_ring0")
		if err != nil {
			t.Fatal(err)
		}
		f.Hang(dpdktest.ClosePort)
		if err := p.Close(soon(t)); !errors.Is(err, errTimeout) {
			t.Errorf("Close of the port: %v", err)
		}
		if _, err := p.Stats(soon(t)); !errors.Is(err, errTimeout) {
			t.Errorf("Stats: %v", err)
		}
		if err := r.Close(soon(t)); !errors.Is(err, errTimeout) {
			t.Errorf("Close: %v", err)
		}
		f.Release()
		synctest.Wait()
		if f.CleanedUp() {
			t.Error("what nobody waited for any more was begun")
		}
	})
}

func TestPort(t *testing.T) {
	f := dpdktest.New()
	f.Refuse("net_memif_net2", "memif: invalid socket directory")
	r := start(t, f, "net_memif_net1", "net_memif_net2")

	_, err := r.Port(t.Context(), "net_memif_net2")
	if !errors.Is(err, dpdk.ErrNoPort) || !strings.Contains(err.Error(), "net_memif_net2") ||
		!strings.Contains(err.Error(), "invalid socket directory") {
		t.Errorf("missing port: %v, want ErrNoPort with the name and what DPDK logged", err)
	}

	p, err := r.Port(t.Context(), "net_memif_net1")
	if err != nil {
		t.Fatal(err)
	}
	if !p.Forgets() {
		t.Error("memif's counters begin again from zero")
	}
	if err := p.Configure(t.Context(), dpdk.PortConfig{Queues: 5}); err == nil {
		t.Error("5 queues were accepted by a port of 4")
	}
	f.On(dpdktest.Configure, dpdktest.Fail(1, syscall.EINVAL))
	if err := p.Configure(t.Context(), dpdk.PortConfig{}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a failing set-up: %v", err)
	}
	if err := p.Configure(t.Context(), dpdk.PortConfig{Mbufs: 1}); err != nil {
		t.Fatal(err)
	}
	f.On(dpdktest.StartPort, dpdktest.Fail(1, syscall.ECONNREFUSED))
	if err := p.Start(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("first start: %v", err)
	}
	if up, err := p.LinkUp(t.Context()); up || err != nil {
		t.Errorf("a port that did not start: link %v, %v", up, err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Errorf("second start: %v", err)
	}
	if up, err := p.LinkUp(t.Context()); !up || err != nil {
		t.Errorf("a port that started: link %v, %v", up, err)
	}
	if err := p.Send(t.Context(), nil); err == nil {
		t.Error("an empty frame was sent")
	}
	f.Connect(p.Name, p.Name, dpdktest.Wire{})
	if err := p.Send(t.Context(), []byte("a frame of some bytes")); err != nil {
		t.Error(err)
	}
	if got := p.Receive(t.Context()); string(got) != "a frame of some bytes" {
		t.Errorf("received %q", got)
	}
	if err := p.Close(t.Context()); err != nil || !f.Closed(p.Name) {
		t.Error(err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseNeedsClosedPorts(t *testing.T) {
	f := dpdktest.New()
	r := start(t, f, "net_ring0")
	p, err := r.Port(t.Context(), "net_ring0")
	if err == nil {
		err = errors.Join(p.Configure(t.Context(), dpdk.PortConfig{}), p.Start(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(t.Context()); err == nil || f.CleanedUp() {
		t.Error("EAL ended with a port up")
	}
}

func TestConfine(t *testing.T) {
	f := dpdktest.New()
	r := start(t, f)
	if err := r.Confine([]int{5, 6}, r.PollingLcores()); err != nil || !slices.Equal(f.Confined(), []int{5, 6}) {
		t.Errorf("without another CPU: %v, %v", f.Confined(), err)
	}
	if err := r.Confine([]int{4, 5, 6, 7}, r.PollingLcores()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{4, 7}, f.Confined()); diff != "" {
		t.Errorf("CPUs (-want +got):\n%s", diff)
	}
}
