package dpdk_test

import (
	"syscall"
	"testing"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
)

// A port whose restart has failed is stopped: nothing may call its driver until
// another restart succeeds.
func TestFailedRestartKeepsStreamsFromThePort(t *testing.T) {
	f := dpdktest.New()
	r := start(t, f, "net_memif0", "net_ring0")
	memif, ring := usable(t, r, "net_memif0"), usable(t, r, "net_ring0")
	forward := func(from, to *dpdk.Port) dpdk.Stream {
		return dpdk.Stream{Mode: dpdk.IO, Rx: dpdk.Queue{Port: from}, Tx: dpdk.Queue{Port: to}}
	}
	streams := []dpdk.Stream{forward(memif, ring), forward(ring, memif), forward(ring, ring)}
	j, err := r.Run(t.Context(), streams, r.PollingLcores())
	if err != nil {
		t.Fatal(err)
	}
	f.On(dpdktest.RestartPort, dpdktest.Fail(1, syscall.ECONNREFUSED))
	if err := j.Restart(t.Context(), memif); err == nil || f.Parked() != 2 {
		t.Errorf("failed restart: %v, %d streams are kept from the port, want 2", err, f.Parked())
	}
	if err := memif.Send(t.Context(), []byte("probe")); err == nil || len(f.Sent("net_memif0")) != 0 {
		t.Errorf("a frame was sent on a stopped port: %v", err)
	}
	if err := j.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j, err = r.Run(t.Context(), streams, r.PollingLcores()); err != nil || f.Parked() != 2 {
		t.Errorf("the next job: %v, %d streams are kept from the port, want 2", err, f.Parked())
	}
	if err := j.Restart(t.Context(), memif); err != nil || f.Parked() != 0 {
		t.Errorf("second restart: %v, %d streams are kept from the port", err, f.Parked())
	}
	if err := memif.Send(t.Context(), []byte("probe")); err != nil {
		t.Errorf("a frame on a port that has started again: %v", err)
	}

	f.On(dpdktest.Grace, dpdktest.Fail(1, syscall.ETIMEDOUT))
	if err := j.Restart(t.Context(), memif); err == nil || f.Restarts("net_memif0") != 1 {
		t.Errorf("a restart under a loop that does not end its turn: %v, %d restarts", err, f.Restarts("net_memif0"))
	}
	if err := j.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
