package dataplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// PollInterval is how often something that DPDK does not announce is looked at.
const PollInterval = 50 * time.Millisecond

// socket is the Unix socket behind a port.
type socket struct {
	iface string
	kind  podnet.Kind // podnet.KindVhostUser or podnet.KindMemif
	path  string      // a name that begins with '@' is abstract
	// server: this process makes the socket, the peer connects.
	server bool
	// rte_eal_init itself connects to the peer, or waits for it: virtio_user.
	connectsEarly, acceptsEarly bool
}

// socketOf tells the socket of a device; ok is false for a device without one.
func socketOf(d eal.Device) (s socket, ok bool) {
	switch d := d.(type) {
	case eal.VirtioUser:
		if info, err := os.Stat(d.Path); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return socket{}, false // vhost-vdpa
		}
		return socket{d.Origin.Interface, podnet.KindVhostUser, d.Path, d.Server, !d.Server, d.Server}, true
	case eal.Vhost:
		return socket{d.Origin.Interface, podnet.KindVhostUser, d.Path, !d.Client, false, false}, true
	case eal.Memif:
		return socket{d.Origin.Interface, podnet.KindMemif, d.Path, d.Server, false, false}, true
	case eal.VDev:
		if named := ofDriver(d); named != nil {
			return socketOf(named)
		}
	}
	return socket{}, false
}

// ofDriver is the device that a caller's own --vdev stands for, as far as its socket
// goes, so that a peer that does not come or another's socket is seen to there too;
// nil: it has no socket that is named.
func ofDriver(d eal.VDev) eal.Device {
	name, list, _ := strings.Cut(d.Arg, ",")
	args := map[string]string{}
	for arg := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(arg, "=")
		args[key] = value
	}
	driver := strings.TrimPrefix(name, "net_")
	switch path := args["socket"]; {
	case strings.HasPrefix(driver, "virtio_user") && args["path"] != "":
		return eal.VirtioUser{Origin: d.Origin, Path: args["path"], Server: args["server"] == "1"}
	case (strings.HasPrefix(driver, "vhost") || strings.HasPrefix(driver, "eth_vhost")) && args["iface"] != "":
		return eal.Vhost{Origin: d.Origin, Path: args["iface"], Client: args["client"] == "1"}
	case strings.HasPrefix(driver, "memif") && path != "":
		if args["socket-abstract"] != "no" {
			path = "@" + path
		}
		return eal.Memif{Origin: d.Origin, Path: path, Server: args["role"] == "server" || args["role"] == "master"}
	}
	return nil
}

func (s socket) String() string {
	return fmt.Sprintf("interface %q (%s socket %s)", s.iface, s.kind, s.path)
}

// early tells whether rte_eal_init waits for the peer.
func (s socket) early() bool { return s.connectsEarly || s.acceptsEarly }

func (s socket) abstract() bool { return strings.HasPrefix(s.path, "@") }

// alive tells whether a process holds the socket: nil, or why not.
func (s socket) alive(ctx context.Context) error { return kernel.AskSocket(ctx, s.path) }

// clear makes way for a server: a socket that a dead process left behind is
// removed, which DPDK does not do, and one that is in use is an error, because
// DPDK would remove it when it fails to bind.
func (s socket) clear(ctx context.Context) error {
	err := s.alive(ctx)
	switch {
	case err == nil, errors.Is(err, kernel.ErrOtherSocket):
		return fmt.Errorf("%s: another process listens on it already", s)
	case s.abstract():
		return nil
	case errors.Is(err, os.ErrNotExist):
		dir := filepath.Dir(s.path)
		if err := syscall.Access(dir, 0x2|0x1); err != nil { // W_OK|X_OK
			return fmt.Errorf("%s: podnet makes this socket, but the directory %s cannot be written: %w: mount a writable volume there", s, dir, err)
		}
		return nil
	case errors.Is(err, syscall.ECONNREFUSED):
		info, statErr := os.Lstat(s.path)
		if statErr != nil {
			return fmt.Errorf("%s: %w", s, statErr)
		}
		if info.Mode().Type() != os.ModeSocket {
			return fmt.Errorf("%s: podnet makes this socket, but a file that is not a socket has its name: remove the file", s)
		}
		if err := os.Remove(s.path); err != nil {
			return fmt.Errorf("%s: a dead process left it behind: %w", s, err)
		}
		return nil
	}
	return fmt.Errorf("%s: %w", s, err)
}

// await waits until the peer listens.
func (s socket) await(ctx context.Context) error {
	// A server binds its socket just before it listens on it: see it twice.
	for seen := 0; seen < 2; {
		err := s.alive(ctx)
		switch {
		case err == nil:
			seen++
		case errors.Is(err, os.ErrPermission), errors.Is(err, kernel.ErrOtherSocket):
			return NotReady(fmt.Errorf("%s: %w", s, err)) // waiting does not help
		}
		select {
		case <-ctx.Done():
			return WhileWaiting(ctx, fmt.Errorf("%s: its peer has not begun to listen in time: start the peer, or raise --peer-timeout", s))
		case <-time.After(PollInterval):
		}
	}
	return nil
}
