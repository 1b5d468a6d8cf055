package dpdk_test

import (
	"errors"
	"testing"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
)

// usable gives a port that is started.
func usable(t *testing.T, r *dpdk.Runtime, name string) *dpdk.Port {
	t.Helper()
	p, err := r.Port(t.Context(), name)
	if err == nil {
		err = errors.Join(p.Configure(t.Context(), dpdk.PortConfig{}), p.Start(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Drivers free the mbufs of a Tx queue as if all came from one pool.
func TestOnePoolPerTxQueue(t *testing.T) {
	f := dpdktest.New()
	r := start(t, f, "a", "b")
	a, b := usable(t, r, "a"), usable(t, r, "b")

	// A generator and the probes before it share the queue's own pool.
	if err := a.Send(t.Context(), []byte("probe")); err != nil {
		t.Fatal(err)
	}
	j, err := r.Run(t.Context(), []dpdk.Stream{{Mode: dpdk.TxOnly, Frame: []byte{1}, Tx: dpdk.Queue{Port: a}}}, r.PollingLcores())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.SentFrom("a"), f.Streams(1)[0].Pool; got != want || got != "tx_0_0" {
		t.Errorf("the probe came from pool %v, the generator takes %v", got, want)
	}
	if err := j.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}

	// A forwarder's queue carries what the other port receives.
	b.Carries(a)
	if err := b.Send(t.Context(), []byte("probe")); err != nil {
		t.Fatal(err)
	}
	if got := f.SentFrom("b"); got != "rx_0" {
		t.Errorf("the probe on a forwarder's queue came from pool %v", got)
	}
}

// net_af_xdp moves no packets unless its pool is larger than its fill ring.
func TestPoolOfDriverWithRingsOfItsOwn(t *testing.T) {
	f := dpdktest.New()
	f.Describe("net_af_xdp0", func(i *dpdk.PortInfo) { i.Driver = "net_af_xdp" })
	usable(t, start(t, f, "net_af_xdp0"), "net_af_xdp0")
	if n := f.Mbufs("rx_0"); n < 16384 {
		t.Errorf("%d mbufs, and 16384 are known to do", n)
	}
}
