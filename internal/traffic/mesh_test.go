package traffic

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// meshPlane is two pods in one process: net_ring0 is the rail of one pod, and net_ring1
// the rail of the other.
func meshPlane(t *testing.T) (*Mesh, *dpdktest.Fake) {
	t.Helper()
	f := dpdktest.New()
	c := dataplane.Config{
		EAL:    eal.Config{CPUs: []int{4, 5, 6}, Memory: eal.Memory{NoHuge: true, NoHugeMiB: 64}, FilePrefix: "test"},
		Queues: 1, AwaitPeers: true, Driver: f,
	}
	for _, name := range []string{"net_ring0", "net_ring1"} {
		c.EAL.Devices = append(c.EAL.Devices, eal.VDev{Arg: name})
		c.Ports = append(c.Ports, podnet.Port{Interface: name, PortName: name})
	}
	dp := startPlane(t, c)
	var rails []result.FabricRail
	for _, p := range dp.Ports {
		rails = append(rails, result.FabricRail{Device: result.Device{Name: p.Interface, Kind: "pci", MAC: p.MAC.String()}})
	}
	f.Connect("net_ring0", "net_ring1", dpdktest.Wire{})
	f.Connect("net_ring1", "net_ring0", dpdktest.Wire{})
	return NewMesh(dp, rails, unobserved{}), f
}

// unobserved is for the ends of a task, which run at once.
type unobserved struct{}

func (unobserved) Running(*dpdk.Job)               {}
func (unobserved) Links(string)                    {}
func (unobserved) Counted(time.Time, bench.Counts) {}

// meshTask goes from the one pod to the other.
func meshTask(m *Mesh) fabric.Task {
	return fabric.Task{
		Run: "r", ID: 1, Signature: 0x12345678,
		From: fabric.End{Index: 0, Node: "a", Rail: 0, Port: m.rails[0]},
		To:   fabric.End{Index: 1, Node: "b", Rail: 1, Port: m.rails[1]},
		Load: fabric.Load{Mix: result.OneSize(64), Rate: "1kpps", Trial: 2 * time.Second, Warmup: time.Second},
	}
}

// reflecting runs the other end of a task until the test stops it.
func reflecting(t *testing.T, m *Mesh, task fabric.Task) (stop func() fabric.Reflected) {
	t.Helper()
	ready, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var r fabric.Reflected
	var err error
	go func() {
		r, err = m.Reflect(t.Context(), task, func() { close(ready) }, end)
		close(ended)
	}()
	select {
	case <-ready:
	case <-ended:
		t.Fatal(err)
	}
	return func() fabric.Reflected {
		close(end)
		<-ended
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// Both ends count exactly the packets of the measurement, without the warm-up's and
// without others'.
func TestMesh(t *testing.T) {
	for name, lost := range map[string]uint64{"all arrive": 0, "some are lost": 10} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m, f := meshPlane(t)
				f.Connect("net_ring0", "net_ring1", dpdktest.Wire{LoseEvery: lost})
				task := meshTask(m)
				stop := reflecting(t, m, task)
				way, err := m.path(task)
				if err != nil {
					t.Fatal(err)
				}
				way.lcores = m.dp.Polling()[1:] // the first is the other pod's
				f.Arrive("net_ring1", 7, 60)
				measured, err := m.fixed(t.Context(), way, task, 1000)
				if err != nil {
					t.Fatal(err)
				}
				g, err := generated(task, measured)
				if err != nil {
					t.Fatal(err)
				}
				want := uint64(2000)
				if lost > 0 {
					want -= want / lost
				}
				if r := stop(); r.Arrived == nil || *r.Arrived != want {
					t.Errorf("arrived %v, want %d", r.Arrived, want)
				}
				if g.Offered != 2000 || g.Sent != 2000 || g.Returned == nil || *g.Returned != want || !g.Valid || g.RTT == nil {
					t.Errorf("generated %+v, want %d of 2000 returned", g, want)
				}
			})
		})
	}
}

// One way, both directions at once: each pod sends on some lcores and receives on others.
func TestMeshOneWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, f := meshPlane(t)
		f.Connect("net_ring0", "net_ring1", dpdktest.Wire{LoseEvery: 4})
		task := meshTask(m)
		task.OneWay = true
		stop := reflecting(t, m, task)
		g, err := m.Generate(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		if r := stop(); r.Arrived == nil || *r.Arrived != 1500 {
			t.Errorf("arrived %v, want 1500", r.Arrived)
		}
		if g.Offered != 2000 || g.Sent != 2000 || g.Returned != nil || g.RTT != nil || !g.Valid {
			t.Errorf("generated %+v, want 2000 that do not return", g)
		}
	})
}

// A search's trials do not meet, though the other end knows them by one signature.
func TestMeshSearch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, f := meshPlane(t)
		f.Connect("net_ring0", "net_ring0", dpdktest.Wire{})
		task := meshTask(m)
		task.NDR, task.Rate, task.Trial = true, "1Mpps", 10*time.Second
		g, err := m.Generate(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		if g.NDR == nil || g.NDR.Name != "NDR" || g.NDR.Lower == nil || g.NDR.Lower.Mpps < 0.98 || g.Returned == nil || *g.Returned != g.Offered {
			t.Errorf("generated %+v, NDR %+v, want about 1 Mpps", g, g.NDR)
		}
	})
}

// A task's data from another pod is checked, and a call that ctx ends says so.
func TestMeshRefuses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, _ := meshPlane(t)
		for want, change := range map[string]func(*fabric.Task){
			"must be a unicast address": func(t *fabric.Task) { t.To.Port.MAC = "ff:ff:ff:ff:ff:ff" },
			"MAC address \"x\"":         func(t *fabric.Task) { t.From.Port.MAC = "x" },
			"this pod has 2":            func(t *fabric.Task) { t.From.Rail, t.To.Rail = 2, -1 },
			"frame size":                func(t *fabric.Task) { t.Mix = result.OneSize(20) },
		} {
			task := meshTask(m)
			change(&task)
			if _, err := m.Generate(t.Context(), task); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Generate: %v, want %s", err, want)
			}
			if _, err := m.Reflect(t.Context(), task, func() { t.Error("ready") }, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Reflect: %v, want %s", err, want)
			}
		}
		ended := errors.New("ended")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(ended) })
		if _, err := m.Generate(ctx, meshTask(m)); !errors.Is(err, ended) {
			t.Errorf("Generate: %v", err)
		}
		if _, err := m.Reflect(ctx, meshTask(m), func() {}, nil); !errors.Is(err, ended) {
			t.Errorf("Reflect: %v", err)
		}
	})
}

// Packets have the addresses of the interfaces where these are the ports' alone and
// leave room for a stamp, and else some that no other rail has.
func TestMeshAddresses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, _ := meshPlane(t)
		for name, tt := range map[string]struct {
			from, to []string
			kind     string
			size     int
			want     string
		}{
			"none":              {nil, nil, "pci", 64, "198.18.0.16>198.18.0.33"},
			"IPv4":              {[]string{"fe80::1%eth0", "10.0.0.1"}, []string{"10.0.0.2"}, "pci", 64, "10.0.0.1>10.0.0.2"},
			"IPv6":              {[]string{"2001:db8::1"}, []string{"2001:db8::2"}, "memif", 128, "2001:db8::1>2001:db8::2"},
			"IPv6, no room":     {[]string{"2001:db8::1"}, []string{"2001:db8::2"}, "memif", 64, "198.18.0.16>198.18.0.33"},
			"two families":      {[]string{"2001:db8::1"}, []string{"10.0.0.2"}, "pci", 128, "198.18.0.16>198.18.0.33"},
			"the kernel's too":  {[]string{"10.0.0.1"}, []string{"10.0.0.2"}, vdev, 64, "198.18.0.16>198.18.0.33"},
			"no address at all": {[]string{"x", "224.0.0.1", "0.0.0.0"}, []string{"10.0.0.2"}, "pci", 64, "198.18.0.16>198.18.0.33"},
		} {
			task := meshTask(m)
			task.Mix = result.OneSize(tt.size)
			task.From.Port.IPs, task.To.Port.IPs = tt.from, tt.to
			task.From.Port.Kind, task.To.Port.Kind = tt.kind, tt.kind
			f, err := m.flow(task, task.From)
			if got := f.SrcIP.String() + ">" + f.DstIP.String(); err != nil || got != tt.want {
				t.Errorf("%s: %s, %v, want %s", name, got, err, tt.want)
			}
		}
	})
	last := bench.Flow{SrcIP: benchmarking(fabric.End{Index: fabric.MaxNodes - 1, Rail: fabric.MaxRails - 1})}
	if !strings.HasPrefix(last.SrcIP.String(), "198.18.") {
		t.Errorf("the last rail has %s", last.SrcIP)
	}
}

// The reflecting end names the losses that may be its own.
func TestMeshReceiverLimits(t *testing.T) {
	for want, disturb := range map[result.LimitCode]func(f *dpdktest.Fake){
		result.OwnDrops: func(f *dpdktest.Fake) { f.AddStats("net_ring1", dpdk.Stats{RxMissed: 3}) },
		result.PollGap: func(f *dpdktest.Fake) {
			f.Adjust(func(s dpdk.StreamConfig, c *dpdk.RawCounters) {
				if s.Mode == dpdk.Reflect {
					c.MaxGap = uint64(time.Minute)
				}
			})
		},
	} {
		t.Run(string(want), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m, f := meshPlane(t)
				stop := reflecting(t, m, meshTask(m))
				disturb(f)
				if r := stop(); len(r.Limits) == 0 || r.Limits[len(r.Limits)-1].Code != want {
					t.Errorf("limits %+v, want %s", r.Limits, want)
				}
			})
		})
	}
}
