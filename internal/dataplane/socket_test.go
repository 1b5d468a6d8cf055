package dataplane

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
)

// listen makes a live socket and fails the test if anybody connects to it.
func listen(t *testing.T, network, path string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), network, path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err := l.Accept(); err == nil {
			t.Errorf("somebody connected to %s", path)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l
}

// leave makes a socket of a dead process.
func leave(t *testing.T, network, path string) {
	t.Helper()
	fd := map[string]int{"unix": syscall.SOCK_STREAM, "unixpacket": syscall.SOCK_SEQPACKET}[network]
	s, err := syscall.Socket(syscall.AF_UNIX, fd, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.Bind(s, &syscall.SockaddrUnix{Name: path}), syscall.Close(s)); err != nil {
		t.Fatal(err)
	}
}

func TestClear(t *testing.T) {
	dir := t.TempDir()
	kinds := map[podnet.Kind]string{podnet.KindVhostUser: "unix", podnet.KindMemif: "unixpacket"}
	for kind, network := range kinds {
		path := func(name string) string { return filepath.Join(dir, network+name) }
		live, stale, file := path("live"), path("stale"), path("file")
		listen(t, network, live)
		leave(t, network, stale)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name, path, want string
			stays            bool
		}{
			{"nothing there", path("new"), "", false},
			{"a dead process's", stale, "", false},
			{"a live process's", live, "another process listens", true},
			{"no socket", file, "not a socket", true},
			{"no directory", filepath.Join(dir, "none", "s"), "cannot be written", false},
		} {
			t.Run(string(kind)+" "+tt.name, func(t *testing.T) {
				s := socket{iface: "net1", kind: kind, path: tt.path, server: true}
				err := s.clear(t.Context())
				if tt.want == "" && err != nil {
					t.Error(err)
				}
				if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"net1"`)) {
					t.Errorf("error %v, want one with the interface and %q", err, tt.want)
				}
				if _, err := os.Lstat(tt.path); (err == nil) != tt.stays {
					t.Errorf("file there afterwards: %v, want %v", err == nil, tt.stays)
				}
			})
		}
	}
}

func TestAwait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := socket{iface: "net1", kind: podnet.KindMemif, path: path}

	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, ErrNoPeer)
	defer cancel()
	if err := s.await(ctx); !errors.Is(err, ErrNotReady) || !strings.Contains(err.Error(), `"net1"`) {
		t.Errorf("without a peer: %v", err)
	}

	stop := errors.New("told to stop")
	ctx, cancelCause := context.WithCancelCause(t.Context())
	cancelCause(stop)
	if err := s.await(ctx); !errors.Is(err, stop) {
		t.Errorf("when told to stop: %v", err)
	}

	time.AfterFunc(2*PollInterval, func() { listen(t, "unixpacket", path) })
	if err := s.await(t.Context()); err != nil {
		t.Errorf("with a late peer: %v", err)
	}
}

func TestAwaitOtherType(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	s := socket{iface: "net1", kind: podnet.KindVhostUser, path: path}
	if err := s.await(t.Context()); !errors.Is(err, kernel.ErrOtherSocket) || !errors.Is(err, ErrNotReady) {
		t.Errorf("error %v, want ErrOtherSocket at once", err)
	}
}

func TestSocketOf(t *testing.T) {
	o := eal.Origin{Interface: "net1"}
	vdev := func(arg string) eal.Device { return eal.VDev{Origin: o, Arg: arg} }
	for _, tt := range []struct {
		device eal.Device
		want   socket
		ok     bool
	}{
		{eal.VirtioUser{Origin: o, Path: "/s"}, socket{"net1", podnet.KindVhostUser, "/s", false, true, false}, true},
		{eal.VirtioUser{Origin: o, Path: "/s", Server: true}, socket{"net1", podnet.KindVhostUser, "/s", true, false, true}, true},
		{eal.VirtioUser{Origin: o, Path: "/dev/null"}, socket{}, false}, // a character device, as vhost-vdpa's
		{eal.Vhost{Origin: o, Path: "/s"}, socket{"net1", podnet.KindVhostUser, "/s", true, false, false}, true},
		{eal.Vhost{Origin: o, Path: "/s", Client: true}, socket{"net1", podnet.KindVhostUser, "/s", false, false, false}, true},
		{eal.Memif{Origin: o, Path: "@s", Server: true}, socket{"net1", podnet.KindMemif, "@s", true, false, false}, true},
		{vdev("net_virtio_user0,queues=2,path=/s"), socket{"net1", podnet.KindVhostUser, "/s", false, true, false}, true},
		{vdev("virtio_user7,path=/s,server=1"), socket{"net1", podnet.KindVhostUser, "/s", true, false, true}, true},
		{vdev("net_virtio_user0,path=/dev/null"), socket{}, false},
		{vdev("net_virtio_user0"), socket{}, false},
		{vdev("net_vhost0,iface=/s"), socket{"net1", podnet.KindVhostUser, "/s", true, false, false}, true},
		{vdev("eth_vhost0,iface=/s,client=1"), socket{"net1", podnet.KindVhostUser, "/s", false, false, false}, true},
		{vdev("net_memif0,role=master,socket=/s,socket-abstract=no"), socket{"net1", podnet.KindMemif, "/s", true, false, false}, true},
		{vdev("net_memif0,socket=s"), socket{"net1", podnet.KindMemif, "@s", false, false, false}, true},
		{vdev("net_ring0"), socket{}, false},
		{eal.PCI{Origin: o, Address: pciaddr.MustParse("0000:00:01.0")}, socket{}, false},
	} {
		if got, ok := socketOf(tt.device); got != tt.want || ok != tt.ok {
			t.Errorf("socketOf(%+v) = %v, %v, want %v, %v", tt.device, got, ok, tt.want, tt.ok)
		}
	}
}
