package traffic

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// fakePlane starts virtual devices on a fake of two polling lcores, each with an
// interface of its own name. It closes them when the test ends, unless it has.
func fakePlane(t *testing.T, queues int, devices ...string) (*dataplane.Dataplane, *dpdktest.Fake) {
	t.Helper()
	f := dpdktest.New()
	c := dataplane.Config{
		EAL:    eal.Config{CPUs: []int{4, 5, 6}, Memory: eal.Memory{NoHuge: true, NoHugeMiB: 64}, FilePrefix: "test"},
		Queues: queues, AwaitPeers: true, Driver: f,
	}
	for _, arg := range devices {
		d := eal.VDev{Arg: arg}
		c.EAL.Devices = append(c.EAL.Devices, d)
		c.Ports = append(c.Ports, podnet.Port{Interface: d.PortName(), PortName: d.PortName()})
	}
	return startPlane(t, c), f
}

func startPlane(t *testing.T, c dataplane.Config) *dataplane.Dataplane {
	t.Helper()
	dp, err := dataplane.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dp.Close(context.Background()); err != nil {
			t.Error(err)
		}
		f := c.Driver.(*dpdktest.Fake)
		if f.Running() > 0 || f.Leaked() > 0 {
			t.Errorf("%d lcores still run, %d workers are not freed", f.Running(), f.Leaked())
		}
	})
	return dp
}

// bubble is synctest.Test with less indentation.
func bubble(t *testing.T, run func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, run)
}

func testFlow() bench.Flow {
	return bench.Flow{SrcIP: netip.MustParseAddr("198.18.0.1"), DstIP: netip.MustParseAddr("198.18.0.2"), SrcPort: 49184, DstPort: 7}
}

// observed keeps an observer's calls.
type observed struct {
	jobs    []bool // whether one runs
	down    []string
	counts  []bench.Counts
	carried [][]result.Interface
	ended   []result.Interface
}

func (o *observed) Running(job *dpdk.Job)                     { o.jobs = append(o.jobs, job != nil) }
func (o *observed) Links(down string)                         { o.down = append(o.down, down) }
func (o *observed) Counted(_ time.Time, c bench.Counts)       { o.counts = append(o.counts, c) }
func (o *observed) Carried(_ time.Time, l []result.Interface) { o.carried = append(o.carried, l) }
func (o *observed) Ended(l []result.Interface)                { o.ended = l }
