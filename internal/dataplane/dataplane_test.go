package dataplane

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/rundir"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
)

// config configures a dataplane on the fake with these devices. Each interface has the
// name in its device's origin.
func config(f *dpdktest.Fake, devices ...eal.Device) Config {
	c := Config{
		EAL:    eal.Config{CPUs: []int{4, 5, 6}, Memory: eal.Memory{NoHuge: true, NoHugeMiB: 64}, FilePrefix: "test", Devices: devices},
		Queues: 1, PeerTimeout: 30 * time.Second, AwaitPeers: true, Driver: f,
	}
	for _, d := range devices {
		c.Ports = append(c.Ports, podnet.Port{Interface: interfaceOf(d), PortName: d.PortName()})
	}
	return c
}

func interfaceOf(d eal.Device) string {
	switch d := d.(type) {
	case eal.PCI:
		return d.Origin.Interface
	case eal.Memif:
		return d.Origin.Interface
	case eal.Vhost:
		return d.Origin.Interface
	case eal.VirtioUser:
		return d.Origin.Interface
	case eal.VDev:
		return d.Origin.Interface
	}
	panic("another device")
}

// listens makes a live socket that nobody looks at.
func listens(t *testing.T, path string) (stop func()) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = l.Close() }
}

func memif(name, path string, server bool) eal.Memif {
	return eal.Memif{Origin: eal.Origin{Interface: name}, Path: path, Server: server}
}

func virtioUser(name, path string, server bool) eal.VirtioUser {
	return eal.VirtioUser{Origin: eal.Origin{Interface: name}, Path: path, Server: server}
}

// starts starts a dataplane, and closes it when the test ends.
func starts(t *testing.T, c Config) *Dataplane {
	t.Helper()
	d, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// onTwoPaths is a bubble with a socket that a peer listens on, which nobody may
// connect to, and the name of one that is to be made.
func onTwoPaths(t *testing.T, run func(t *testing.T, f *dpdktest.Fake, listening, made string)) {
	t.Helper()
	dir := t.TempDir()
	listening := filepath.Join(dir, "peer")
	listen(t, "unix", listening)
	synctest.Test(t, func(t *testing.T) { run(t, dpdktest.New(), listening, filepath.Join(dir, "made")) })
}

func TestStartAndClose(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, listening, made string) {
		c := config(f, memif("net1", listening, false), memif("net2", made, true), eal.VDev{Arg: "net_null0", Origin: eal.Origin{Interface: "own"}})
		c.OwnPrefix, c.Mbufs = true, 5
		dir := rundir.Path("test")
		var order []string
		f.On(dpdktest.StartPort, func(port string) error {
			order = append(order, port)
			if port == "net_memif_net2" {
				leave(t, "unix", made) // as DPDK does
			}
			return nil
		})
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		d, err := Start(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"net_memif_net2", "net_null0", "net_memif_net1"}, order); diff != "" {
			t.Errorf("order of the starts, servers first (-want +got):\n%s", diff)
		}
		var names []string
		for _, p := range d.Ports {
			names = append(names, p.Interface)
		}
		if diff := cmp.Diff([]string{"net1", "net2", "own"}, names); diff != "" {
			t.Errorf("interfaces (-want +got):\n%s", diff)
		}
		if n := f.Mbufs("rx_0"); n != 2*1024+2048+5 {
			t.Errorf("%d mbufs", n)
		}
		if u := f.Unlink(); !slices.Contains(u, made) || slices.Contains(u, listening) || !slices.Contains(u, filepath.Join(dir, "config")) || u[len(u)-1] != dir {
			t.Errorf("removed after an abort: %q", u)
		}
		if down := d.Down(t.Context()); down != "" {
			t.Errorf("down: %q", down)
		}
		if len(d.Lcores()) != 3 || d.EAL().FilePrefix != "test" {
			t.Errorf("lcores %v, prefix %q", d.Lcores(), d.EAL().FilePrefix)
		}
		ring, err := d.NewRing(t.Context(), 64, 0)
		if err != nil {
			t.Fatal(err)
		}
		ring.Free(t.Context())

		if err := d.Close(t.Context()); err != nil || !f.CleanedUp() || !f.Closed("net_memif_net1") {
			t.Errorf("Close: %v, EAL ended: %v", err, f.CleanedUp())
		}
		for path, stays := range map[string]bool{listening: true, made: false, dir: false} {
			if _, err := os.Lstat(path); (err == nil) != stays {
				t.Errorf("%s: %v, want it to stay: %v", path, err, stays)
			}
		}
	})
}

// A start that fails gives the reason, says whether waiting could have helped, and
// leaves nothing behind.
func TestRefusedStart(t *testing.T) {
	pci := eal.PCI{Origin: eal.Origin{Interface: "net1"}, Address: pciaddr.MustParse("0000:3b:02.6")}
	for name, tt := range map[string]struct {
		devices  func(listening, made string) eal.Device
		prepare  func(f *dpdktest.Fake)
		want     []string
		notReady bool
	}{
		"EAL": {
			func(_, _ string) eal.Device { return pci },
			func(f *dpdktest.Fake) { f.On(dpdktest.Init, dpdktest.Fail(1, syscall.EACCES)) },
			[]string{"EAL did not start", "permission denied"},
			false,
		},
		"no port of a VF": {
			func(_, _ string) eal.Device { return pci },
			func(f *dpdktest.Fake) { f.Refuse("0000:3b:02.6", "VFIO group is not viable") },
			[]string{`interface "net1"`, "VFIO group is not viable", "/dev/vfio/GROUP"},
			true,
		},
		"no port of a socket": {
			func(_, made string) eal.Device { return memif("net1", made, true) },
			func(f *dpdktest.Fake) { f.Refuse("net_memif_net1", "memif: bad") },
			[]string{"may be read and written"},
			true,
		},
		"no port of virtio_user": {
			func(listening, _ string) eal.Device { return virtioUser("net1", listening, false) },
			func(f *dpdktest.Fake) { f.Refuse("net_virtio_user_net1", "virtio_user: bad") },
			[]string{"a vhost-user or vhost-vdpa peer answers"},
			true,
		},
		"no driver": {
			func(_, _ string) eal.Device { return eal.VDev{Arg: "net_nosuch0"} },
			func(f *dpdktest.Fake) { f.Refuse("net_nosuch0", "no driver") },
			[]string{"has a driver of this name"},
			true,
		},
		"too few queues": {
			func(_, _ string) eal.Device { return pci },
			func(f *dpdktest.Fake) {
				f.Describe("0000:3b:02.6", func(i *dpdk.PortInfo) { i.MaxQueues = 0 })
			},
			[]string{`interface "net1"`, "at most 0"},
			false,
		},
		"a server that does not start": {
			func(_, made string) eal.Device { return memif("net1", made, true) },
			func(f *dpdktest.Fake) { f.On(dpdktest.StartPort, dpdktest.Fail(9, syscall.EADDRINUSE)) },
			[]string{`interface "net1"`, "address already in use"},
			false,
		},
		"a client that never gets in": {
			func(listening, _ string) eal.Device { return memif("net1", listening, false) },
			func(f *dpdktest.Fake) { f.On(dpdktest.StartPort, dpdktest.Fail(1e9, syscall.ECONNREFUSED)) },
			[]string{`interface "net1"`},
			true,
		},
		"a server without a peer": {
			func(_, made string) eal.Device { return memif("net1", made, true) },
			func(f *dpdktest.Fake) { f.SetPeer("net_memif_net1", false) },
			[]string{`interface "net1"`, "no peer connected in time"},
			true,
		},
		"a VF without a link": {
			func(_, _ string) eal.Device { return pci },
			func(f *dpdktest.Fake) { f.SetPeer("0000:3b:02.6", false) },
			[]string{`interface "net1"`, "no link", "PF"},
			true,
		},
		"a socket in use": {
			func(listening, _ string) eal.Device { return memif("net1", listening, true) },
			func(*dpdktest.Fake) {},
			[]string{"another process listens"},
			true,
		},
		"a peer that does not listen": {
			func(_, made string) eal.Device { return virtioUser("net1", made, false) },
			func(*dpdktest.Fake) {},
			[]string{"has not begun to listen", "--peer-timeout"},
			true,
		},
		"an accepting EAL": {
			func(_, made string) eal.Device { return virtioUser("net1", made, true) },
			func(f *dpdktest.Fake) { f.Hang(dpdktest.Init) },
			[]string{`interface "net1"`, "no peer connected and answered within 30s"},
			true,
		},
		"a peer that stays silent": {
			func(listening, _ string) eal.Device { return memif("net1", listening, false) },
			func(f *dpdktest.Fake) {
				f.On(dpdktest.StartPort, func(string) error {
					time.Sleep(time.Minute) // and with it all that follows
					return nil
				})
			},
			[]string{`interface "net1"`, "no peer came in time"},
			true,
		},
		"a device that EAL cannot express": {
			func(_, _ string) eal.Device { return memif("net1", "/a,b", true) },
			func(*dpdktest.Fake) {},
			[]string{"net1"},
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, listening, made string) {
				defer f.Release()
				tt.prepare(f)
				begin := time.Now()
				_, err := Start(t.Context(), config(f, tt.devices(listening, made)))
				if err == nil || errors.Is(err, ErrNotReady) != tt.notReady {
					t.Fatalf("error %v, want one that is not ready: %v", err, tt.notReady)
				}
				for _, part := range tt.want {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q lacks %q", err, part)
					}
				}
				if took := time.Since(begin); took > 2*time.Minute {
					t.Errorf("it took %s", took)
				}
				if f.Started("net_memif_net1") || f.Running() > 0 {
					t.Error("a port is left")
				}
				time.Sleep(2 * time.Minute) // until what hangs is over
			})
		})
	}
}

// Told to stop while it waits, a start ends with the reason for that.
func TestStartStopped(t *testing.T) {
	stop := errors.New("told to stop")
	for name, prepare := range map[string]func(f *dpdktest.Fake){
		"EAL":      func(f *dpdktest.Fake) { f.Hang(dpdktest.Init) },
		"set-up":   func(f *dpdktest.Fake) { f.Hang(dpdktest.Configure) },
		"a start":  func(f *dpdktest.Fake) { f.On(dpdktest.StartPort, dpdktest.Fail(1e9, syscall.ECONNREFUSED)) },
		"the link": func(f *dpdktest.Fake) { f.SetPeer("net_memif_net1", false) },
	} {
		t.Run(name, func(t *testing.T) {
			onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, listening, _ string) {
				prepare(f)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() {
					cancel(stop)
					time.Sleep(time.Second)
					f.Release()
				})
				_, err := Start(ctx, config(f, memif("net1", listening, false)))
				if !errors.Is(err, stop) || errors.Is(err, ErrNotReady) {
					t.Errorf("error %v", err)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestPeersThatComeLate(t *testing.T) {
	onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, listening, made string) {
		f.On(dpdktest.StartPort, dpdktest.Fail(3, syscall.ECONNREFUSED))
		f.SetPeer("net_vhost_net2", false)
		time.AfterFunc(5*time.Minute, func() { f.SetPeer("net_vhost_net2", true) })
		c := config(f, memif("net1", listening, false), eal.Vhost{Origin: eal.Origin{Interface: "net2"}, Path: made, Client: true})
		c.PeerTimeout = 0 // for ever
		d := starts(t, c)
		if down := d.Down(t.Context()); down != "" {
			t.Errorf("down: %q", down)
		}
		f.SetPeer("net_memif_net1", false)
		if down := d.Down(t.Context()); !strings.Contains(down, `"net1"`) || !strings.Contains(down, "no peer") {
			t.Errorf("down: %q", down)
		}
	})
}

// A port without a link is not ready, unless peers may come and go.
func TestDown(t *testing.T) {
	for _, await := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := dpdktest.New()
			c := config(f, eal.PCI{Origin: eal.Origin{Interface: "net1"}, Address: pciaddr.MustParse("0000:3b:02.6")})
			c.AwaitPeers = await
			d := starts(t, c)
			f.SetPeer("0000:3b:02.6", false)
			if down := d.Down(t.Context()); strings.Contains(down, "no link") != await {
				t.Errorf("peers are needed: %v; down: %q", await, down)
			}
		})
	}
}

// A device's link speed is a line rate; the speed that a socket's driver makes up is not.
func TestLineRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := starts(t, config(dpdktest.New(),
			eal.PCI{Origin: eal.Origin{Interface: "net1"}, Address: pciaddr.MustParse("0000:3b:02.6")},
			eal.VDev{Origin: eal.Origin{Interface: "net_ring0"}, Arg: "net_ring0"}))
		if device, virtual := d.Ports[0].LineRate(t.Context()), d.Ports[1].LineRate(t.Context()); device != 10e9 || virtual != 0 {
			t.Errorf("line rates %g and %g, want 1e+10 and 0", device, virtual)
		}
	})
}

// vhost-vdpa has nobody to wait for, and DPDK 22.11 tells no link of it.
func TestNoLinkOfVDPA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New()
		f.SetPeer("net_virtio_user_net1", false)
		starts(t, config(f, virtioUser("net1", "/dev/null", false)))
	})
}

// job runs a stream on every port.
func job(t *testing.T, d *Dataplane) *dpdk.Job {
	t.Helper()
	var streams []dpdk.Stream
	for _, p := range d.Ports {
		streams = append(streams, dpdk.Stream{Mode: dpdk.RxOnly, Rx: dpdk.Queue{Port: p.Port}})
	}
	j, err := d.Run(t.Context(), streams)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		j.Free()
	})
	return j
}

// A memif client connects again once there is somebody to connect to.
func TestKeepRestartsMemif(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "peer")
	stopListening := listens(t, path)
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New()
		d := starts(t, config(f, memif("net1", path, false), memif("net2", filepath.Join(dir, "made"), true)))
		j := job(t, d)
		keep := func() int {
			t.Helper()
			if err := d.Keep(t.Context(), j); err != nil {
				t.Error(err)
			}
			return f.Restarts("net_memif_net1")
		}
		if n := keep(); n != 0 {
			t.Errorf("restarted %d times with its peer there", n)
		}
		f.SetPeer("net_memif_net1", false)
		f.SetPeer("net_memif_net2", false)
		stopListening()
		if n := keep(); n != 0 {
			t.Errorf("restarted %d times with nobody to connect to", n)
		}
		stopListening = listens(t, path)
		defer func() { stopListening() }()
		f.On(dpdktest.RestartPort, dpdktest.Fail(1, syscall.ECONNREFUSED))
		f.SetPeer("net_memif_net1", true)
		if n, down := keep(), d.Down(t.Context()); n != 0 || !strings.Contains(down, path) || !strings.Contains(down, "connection refused") {
			t.Errorf("after a restart that failed: %d restarts, down: %q", n, down)
		}
		if n := keep(); n != 1 {
			t.Errorf("restarted %d times when its peer was back, want once", n)
		}
		if up, err := d.Ports[0].LinkUp(t.Context()); !up || err != nil {
			t.Errorf("link %v, %v", up, err)
		}
		f.SetPeer("net_memif_net2", true)
		if down := d.Down(t.Context()); down != "" {
			t.Errorf("with all peers there: %s", down)
		}
		if n := keep(); n != 1 || f.Restarts("net_memif_net2") != 0 {
			t.Error("restarted without a need")
		}
	})
}

// virtio_user does not connect again as a client, so its run ends.
func TestKeepGivesUp(t *testing.T) {
	onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, listening, _ string) {
		d := starts(t, config(f, virtioUser("net1", listening, false)))
		j := job(t, d)
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		f.SetPeer("net_virtio_user_net1", false)
		f.On(dpdktest.Link, func(string) error { return stopped.Err() })
		if err := d.Keep(stopped, j); err != nil {
			t.Errorf("told to stop: %v", err)
		}
		f.On(dpdktest.Link, nil)
		if err := d.Keep(t.Context(), j); err == nil || !strings.Contains(err.Error(), "mode server") {
			t.Errorf("error %v, want one with the remedy", err)
		}
	})
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New(dpdk.Lcore{CPU: 4, Main: true}, dpdk.Lcore{ID: 1, CPU: 5, Socket: 1}, dpdk.Lcore{ID: 2, CPU: 6})
		d := starts(t, config(f, eal.VDev{Arg: "net_null0", Origin: eal.Origin{Interface: "own"}}))
		j := job(t, d)
		if got := j.Lcores(); len(got) != 1 || got[0].ID != 2 {
			t.Errorf("it runs on %v, want the lcore of the port's NUMA node", got)
		}
		if diff := cmp.Diff([]int{4, 5}, f.Confined()); diff != "" {
			t.Errorf("CPUs that Go is left (-want +got):\n%s", diff)
		}
		if _, err := d.Run(t.Context(), nil); err == nil {
			t.Error("a job of nothing started")
		}
	})
}

// A peer that stands still in DPDK's close keeps nobody for longer than closeTimeout,
// or than he wants, and what is not DPDK's is removed all the same.
func TestCloseThatHangs(t *testing.T) {
	for _, call := range []dpdktest.Call{dpdktest.ClosePort, dpdktest.Cleanup} {
		for _, patience := range []time.Duration{time.Hour, time.Millisecond} {
			onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, _, made string) {
				f.On(dpdktest.Init, func(string) error { leave(t, "unix", made); return nil })
				d, err := Start(t.Context(), config(f, memif("net1", made, true)))
				if err != nil {
					t.Fatal(err)
				}
				f.Hang(call)
				impatient := errors.New("too late")
				ctx, cancel := context.WithTimeoutCause(t.Context(), patience, impatient)
				defer cancel()
				want := impatient
				if patience > closeTimeout {
					want = ErrStuck
				}
				begin := time.Now()
				if err := d.Close(ctx); !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: %v, want %v once", call, err, want)
				}
				if took := time.Since(begin); took > closeTimeout {
					t.Errorf("%s: it took %s", call, took)
				}
				if _, err := os.Lstat(made); err == nil {
					t.Errorf("%s: the socket is left", call)
				}
				f.Release()
			})
		}
	}
}

// A port that closes just when the time is over is closed, whatever becomes of the rest.
func TestCloseInTheLastMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 200 { // whether the port's answer or the end is seen first is chance
			f := dpdktest.New()
			d, err := Start(t.Context(), config(f, eal.VDev{Arg: "net_null0", Origin: eal.Origin{Interface: "own"}}))
			if err != nil {
				t.Fatal(err)
			}
			f.On(dpdktest.ClosePort, func(string) error { time.Sleep(closeTimeout); return nil })
			if err := d.Close(t.Context()); err != nil && !errors.Is(err, ErrStuck) {
				t.Errorf("%v, want nothing or %v", err, ErrStuck)
			}
		}
	})
}

// EAL's interrupt thread stands still once a memif has been closed.
func TestMemifClosesLast(t *testing.T) {
	onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, listening, made string) {
		d, err := Start(t.Context(), config(f, memif("net1", made, true), virtioUser("net2", listening, false)))
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		f.On(dpdktest.ClosePort, func(port string) error { order = append(order, port); return nil })
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"net_virtio_user_net2", "net_memif_net1"}, order); diff != "" {
			t.Errorf("closed (-want +got):\n%s", diff)
		}
	})
}

// A file that has taken the place of our socket belongs to somebody else, and DPDK would
// remove it.
func TestCloseLeavesFilesOfOthers(t *testing.T) {
	onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, _, made string) {
		f.On(dpdktest.Init, func(string) error { leave(t, "unix", made); return nil })
		d, err := Start(t.Context(), config(f, memif("net1", made, true)))
		if err == nil {
			err = errors.Join(os.Rename(made, made+".moved"), os.WriteFile(made, []byte("precious"), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(t.Context()); err != nil || f.Closed("net_memif_net1") || f.CleanedUp() {
			t.Errorf("Close: %v; the port is closed: %v", err, f.Closed("net_memif_net1"))
		}
		if text, err := os.ReadFile(made); string(text) != "precious" {
			t.Errorf("the file holds %q, %v", text, err)
		}
	})
}

// EAL that gets a signal while it starts may finish, so that it leaves nothing.
func TestStoppedWhileEALStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New()
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("told to stop")
		f.On(dpdktest.Init, func(string) error {
			cancel(stop)
			time.Sleep(orderly / 2)
			return nil
		})
		_, err := Start(ctx, config(f, eal.VDev{Arg: "net_null0", Origin: eal.Origin{Interface: "own"}}))
		if !errors.Is(err, stop) || !f.CleanedUp() {
			t.Errorf("%v; EAL ended: %v", err, f.CleanedUp())
		}
	})
}

// A start that finds another's socket leaves it alone.
func TestSocketOfAnother(t *testing.T) {
	onTwoPaths(t, func(t *testing.T, f *dpdktest.Fake, listening, _ string) {
		if _, err := Start(t.Context(), config(f, memif("net1", listening, true))); !errors.Is(err, ErrNotReady) {
			t.Errorf("error %v", err)
		}
		if _, err := os.Lstat(listening); err != nil {
			t.Error(err)
		}
	})
}

// If several processes start at the same time, one gets the socket; the others touch
// nothing.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	s := socket{iface: "net1", kind: podnet.KindMemif, path: filepath.Join(dir, "s"), server: true}
	first, err := s.claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.path = filepath.Join(dir, "..", filepath.Base(dir), "s")
	second, err := s.claim(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another process makes it already") {
		t.Errorf("the second one: %v", err)
	}
	leave(t, "unix", first.path)
	first.note()
	second.release()
	if _, err := os.Lstat(first.path); err != nil || first.lost() || !second.lost() {
		t.Errorf("the second one removed the first one's socket: %v", err)
	}
	first.release()
	if _, err := os.Lstat(first.path); err == nil {
		t.Error("the socket is left")
	}
	third, err := s.claim(t.Context())
	if err != nil {
		t.Errorf("after the first one: %v", err)
	}
	third.release()
}
