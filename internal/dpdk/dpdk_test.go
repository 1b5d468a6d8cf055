package dpdk

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func startFake(t *testing.T, f *fake) *Runtime {
	t.Helper()
	r, err := start(t.Context(), f, Options{Args: []string{"--no-pci"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStart(t *testing.T) {
	f := newFake()
	r := startFake(t, f)
	if diff := cmp.Diff([]string{"testpmd-wrapper", "--no-pci"}, f.args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Lcore{{ID: 1, CPU: 5}, {ID: 2, CPU: 6}}, r.PollingLcores()); diff != "" {
		t.Errorf("polling lcores (-want +got):\n%s", diff)
	}
	if err := r.Close(); err != nil || !f.cleaned {
		t.Errorf("Close: %v, cleaned up: %v", err, f.cleaned)
	}
}

func TestStartQuotesDPDK(t *testing.T) {
	f := newFake()
	f.onInit = func() error {
		f.log('7', "EAL: Detected 2 lcores")
		f.log('4', "EAL: Cannot init memory")
		return syscall.ENOMEM
	}
	var log bytes.Buffer
	_, err := start(t.Context(), f, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
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

func TestStartEndsWithContext(t *testing.T) {
	f := newFake()
	forever := make(chan struct{})
	defer close(forever)
	f.onInit = func() error {
		<-forever
		return nil
	}
	cause := errors.New("no peer")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, cause)
	defer cancel()
	if _, err := start(ctx, f, Options{}); !errors.Is(err, cause) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func TestPort(t *testing.T) {
	f := newFake("net_memif_net1")
	r := startFake(t, f)

	f.log('4', "memif: invalid socket directory")
	_, err := r.Port("net_memif_net2")
	if !errors.Is(err, ErrNoPort) || !strings.Contains(err.Error(), "net_memif_net2") ||
		!strings.Contains(err.Error(), "invalid socket directory") {
		t.Errorf("missing port: %v, want ErrNoPort with the name and what DPDK logged", err)
	}

	p, err := r.Port("net_memif_net1")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Configure(PortConfig{Queues: 5}); err == nil {
		t.Error("5 queues were accepted by a port of 4")
	}
	if err := p.Configure(PortConfig{}); err != nil {
		t.Fatal(err)
	}
	f.startErrs = []error{syscall.ECONNREFUSED}
	if err := p.Start(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("first start: %v", err)
	}
	if p.LinkUp() {
		t.Error("a port that did not start has a link")
	}
	if err := p.Start(); err != nil || !p.LinkUp() {
		t.Errorf("second start: %v, link %v", err, p.LinkUp())
	}
	if err := p.Send(nil); err == nil {
		t.Error("an empty frame was sent")
	}
	if err := r.Close(); err == nil {
		t.Error("EAL ended with a port up")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestRunDealsStreamsOut(t *testing.T) {
	f := newFake("a", "b", "c")
	r := startFake(t, f)
	var streams []Stream
	for _, name := range f.names {
		p, err := r.Port(name)
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, Stream{Mode: TxOnly, Frame: []byte{1}, Rate: 2e6, Rx: Queue{Port: p}, Tx: Queue{Port: p, Index: 1}})
	}

	j, err := r.Run(streams, r.PollingLcores())
	if err != nil {
		t.Fatal(err)
	}
	var got [][]uint16
	for _, lcore := range []int{1, 2} {
		var ports []uint16
		for _, s := range f.workers[lcore].streams {
			ports = append(ports, s.txPort)
		}
		got = append(got, ports)
	}
	if diff := cmp.Diff([][]uint16{{0, 2}, {1}}, got); diff != "" {
		t.Errorf("ports by lcore (-want +got):\n%s", diff)
	}
	if c := f.workers[1].streams[1]; c.packetsPerCycle != 0.002 || c.frameLen != 1 || c.pool != "tx_2_1" {
		t.Errorf("generator: %+v, want 2 Mpps of a 1 GHz clock", c)
	}

	// The third stream is the second of lcore 1.
	f.workers[1].counters[1] = rawCounters{txPackets: 5, txRefused: 2, offered: 7, begin: 1e9, end: 3e9}
	want := Counters{TxPackets: 5, TxBytes: 5, TxRefused: 2, Offered: 7, Active: 2 * time.Second}
	if diff := cmp.Diff(want, j.Counters(2)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}

	port := streams[0].Rx.Port
	if err := port.Configure(PortConfig{}); err != nil {
		t.Fatal(err)
	}
	if err := j.Restart(port); err != nil || f.restarted != 1 {
		t.Errorf("restart: %v, %d times", err, f.restarted)
	}
	for lcore, w := range f.workers {
		if w.paused {
			t.Errorf("lcore %d is still paused", lcore)
		}
	}

	if _, err := r.Run(streams, r.PollingLcores()); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("a second job on busy lcores: %v", err)
	}
	j.StopTx()
	if err := j.Stop(); err != nil {
		t.Error(err)
	}
	for lcore, w := range f.workers {
		if !w.txStopped || !w.ended {
			t.Errorf("lcore %d was not stopped: %+v", lcore, w)
		}
	}
	j.Free()
}

func TestRunNeedsLcore(t *testing.T) {
	r := startFake(t, newFake())
	if _, err := r.Run([]Stream{{}}, nil); err == nil {
		t.Error("a job without an lcore started")
	}
}
