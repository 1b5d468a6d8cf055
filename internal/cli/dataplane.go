package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// dataplane is DPDK on the ports that a command was given.
type dataplane struct {
	rt        *dpdk.Runtime
	pod       *podnet.Pod
	cfg       eal.Config
	ownPrefix bool // nobody else uses cfg.FilePrefix
	ports     []*port
	sockets   []socket
	needLinks bool // a port without a link is not ready
}

// port is a port and the interface that it is of.
type port struct {
	*dpdk.Port
	iface  string
	socket *socket // nil: none
	queues int
}

// dataplaneConfig says what to start.
type dataplaneConfig struct {
	pod         *podnet.Pod
	eal         eal.Config
	ports       []podnet.Port
	queues      int
	mbufs       int           // of each port, beside what its rings need
	peerTimeout time.Duration // how long to wait for peers; 0: for ever
	awaitPeers  bool          // a port without a peer is an error
	ownPrefix   bool          // the file prefix is this process's alone
	log         *slog.Logger
}

// errNoPeer is the cause of a context that ended because peers did not come.
var errNoPeer = errors.New("no peer came in time")

// startDataplane starts EAL, sets up the ports and waits for their peers. What
// fails for want of a peer or a usable device is marked as not ready.
func startDataplane(ctx context.Context, c dataplaneConfig) (_ *dataplane, err error) {
	args, err := c.eal.Args()
	if err != nil {
		return nil, err
	}
	d := &dataplane{pod: c.pod, cfg: c.eal, ownPrefix: c.ownPrefix, needLinks: c.awaitPeers}
	byPort := map[string]*socket{}
	devices := map[string]eal.Device{}
	for _, dev := range c.eal.Devices {
		devices[dev.PortName()] = dev
		if s, ok := socketOf(dev); ok {
			d.sockets = append(d.sockets, s)
			byPort[dev.PortName()] = &s
		}
	}
	waiting, cancel := awaiting(ctx, c.peerTimeout)
	defer cancel()
	if err := d.clearTheWay(waiting); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close(context.WithoutCancel(ctx)))
		}
	}()

	var unlink []string
	starting := ctx
	for _, s := range d.sockets {
		if s.server && !s.abstract() {
			unlink = append(unlink, s.path)
		}
		if s.acceptsEarly {
			starting = waiting
		}
	}
	if d.ownPrefix {
		unlink = append(unlink, runtimeFiles(c.eal.FilePrefix)...)
	}
	d.rt, err = dpdk.Start(starting, dpdk.Options{Args: args, Unlink: unlink, Log: c.log})
	if errors.Is(err, errNoPeer) {
		return nil, notReady(fmt.Errorf("%s: no peer connected within %s", d.accepting(), c.peerTimeout))
	}
	if err != nil {
		return nil, err
	}
	for _, spec := range c.ports {
		p := &port{iface: spec.Interface, queues: c.queues, socket: byPort[spec.PortName]}
		if p.Port, err = d.rt.Port(ctx, spec.PortName); err != nil {
			return nil, notReady(fmt.Errorf("interface %q: %w: %s", spec.Interface, err, likelyCause(devices[spec.PortName])))
		}
		if err := p.Configure(ctx, dpdk.PortConfig{Queues: c.queues, Mbufs: c.mbufs}); err != nil {
			return nil, fmt.Errorf("interface %q: %w", spec.Interface, err)
		}
		d.ports = append(d.ports, p)
	}
	// Servers first: where both ends are ours, a client waits for one.
	for _, clients := range []bool{false, true} {
		for _, p := range d.ports {
			if isClient := p.socket != nil && !p.socket.server; isClient != clients {
				continue
			}
			if err := p.startWhenReady(waiting); err != nil {
				return nil, err
			}
		}
	}
	if c.awaitPeers {
		for _, p := range d.ports {
			if err := p.awaitLink(waiting, devices[p.Name]); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// likelyCause says where to look when EAL made no port of a device.
func likelyCause(d eal.Device) string {
	switch d := d.(type) {
	case eal.PCI, eal.Auxiliary:
		return "see that its device nodes are in the container and may be opened " +
			"(/dev/vfio/vfio and /dev/vfio/GROUP, or /dev/infiniband/*), and that the container has IPC_LOCK"
	case eal.VirtioUser:
		return "see that " + d.Path + " may be opened, and that a vhost-user or vhost-vdpa peer answers there"
	case eal.Memif, eal.Vhost:
		return "see that the socket's directory may be read and written"
	}
	return "see that DPDK has a driver of this name"
}

// clearTheWay sees to the sockets before EAL starts: virtio_user gives up at once
// on a server that does not listen yet, and every driver stumbles over the socket
// that a dead process left.
func (d *dataplane) clearTheWay(ctx context.Context) error {
	for _, s := range d.sockets {
		if s.server {
			if err := s.clear(ctx); err != nil {
				return notReady(err)
			}
		}
	}
	for _, s := range d.sockets {
		if s.connectsEarly {
			if err := s.await(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// accepting guesses at which socket rte_eal_init waits: it makes them one after
// the other, and the next only when the last has its peer.
func (d *dataplane) accepting() socket {
	var last socket
	for _, s := range d.sockets {
		if _, err := os.Lstat(s.path); s.acceptsEarly && err == nil {
			last = s
		}
	}
	return last
}

// startWhenReady starts the port; a client of memif not before its server
// listens.
func (p *port) startWhenReady(ctx context.Context) error {
	for {
		if p.socket != nil && p.socket.kind == podnet.KindMemif && !p.socket.server {
			if err := p.socket.await(ctx); err != nil {
				return err
			}
		}
		err := p.Start(ctx)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("interface %q: %w", p.iface, err)
		if p.socket == nil || p.socket.server {
			return err
		}
		select {
		case <-ctx.Done():
			return whileWaiting(ctx, err)
		case <-time.After(pollInterval):
		}
	}
}

// whileWaiting is the error of a wait that ended: err if it took too long, else
// why the command was told to stop.
func whileWaiting(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); !errors.Is(cause, errNoPeer) {
		return cause
	}
	return notReady(err)
}

// awaitLink waits until the port has a link: on a socket, until the peer is there.
// DPDK 22.11 never tells a link of virtio_user on a vDPA device, which has nobody
// to wait for either.
func (p *port) awaitLink(ctx context.Context, device eal.Device) error {
	if _, vdpa := device.(eal.VirtioUser); vdpa && p.socket == nil {
		return nil
	}
	for {
		if up, _ := p.LinkUp(ctx); up {
			return nil
		}
		select {
		case <-ctx.Done():
			if p.socket != nil {
				return whileWaiting(ctx, fmt.Errorf("%s: no peer connected in time", p.socket))
			}
			return whileWaiting(ctx, fmt.Errorf("interface %q: no link: see that the link of the PF, or of what else is below it, is up on the node", p.iface))
		case <-time.After(pollInterval):
		}
	}
}

// keep sees to a peer that has gone. Servers, and the sockets that net_vhost
// connects to, get it back by themselves. A memif client is made to connect again
// once there is somebody to connect to; virtio_user cannot be.
func (p *port) keep(ctx context.Context, job *dpdk.Job) error {
	if p.socket == nil || p.socket.server {
		return nil
	}
	up, err := p.LinkUp(ctx)
	switch {
	case up || err != nil: // or told to stop meanwhile
	case p.socket.connectsEarly:
		return fmt.Errorf("%s: the peer hung up, and DPDK's virtio_user does not connect again as a client: "+
			"start again when the peer is back, or let the pod make the socket (mode server)", p.socket)
	case p.socket.kind == podnet.KindMemif && p.socket.alive(ctx) == nil:
		// It may bind already and not listen yet: then the next look helps.
		_ = job.Restart(ctx, p.Port)
	}
	return nil
}

// down says which port has no link; empty: all have theirs, or need none.
func (d *dataplane) down(ctx context.Context) string {
	for _, p := range d.ports {
		up := !d.needLinks
		if !up {
			up, _ = p.LinkUp(ctx)
		}
		switch {
		case up:
		case p.socket != nil:
			return p.socket.String() + ": no peer"
		default:
			return fmt.Sprintf("interface %q: no link", p.iface)
		}
	}
	return ""
}

// Close ends DPDK and removes what it left behind. It may be called on a
// dataplane that started only in part.
func (d *dataplane) Close(ctx context.Context) error {
	var errs []error
	for _, p := range d.ports {
		errs = append(errs, p.Close(ctx))
	}
	if d.rt != nil {
		errs = append(errs, d.rt.Close(ctx))
	}
	for _, s := range d.sockets {
		s.remove()
	}
	if d.ownPrefix {
		errs = append(errs, os.RemoveAll(runtimeDir(d.cfg.FilePrefix)))
	}
	return errors.Join(errs...)
}

// runtimeDir is where DPDK keeps the files of a process with that prefix
// (eal_create_runtime_dir).
func runtimeDir(prefix string) string {
	base := os.Getenv("RUNTIME_DIRECTORY")
	switch {
	case base != "":
	case os.Getuid() == 0:
		base = "/var/run"
	default:
		if base = os.Getenv("XDG_RUNTIME_DIR"); base == "" {
			base = "/tmp"
		}
	}
	return filepath.Join(base, "dpdk", prefix)
}

// runtimeFiles are the files that DPDK makes in its runtime directory, and the
// directory.
func runtimeFiles(prefix string) []string {
	dir := runtimeDir(prefix)
	var files []string
	for _, name := range []string{"dpdk_telemetry.v2", "mp_socket", "config", "fbarray_memzone", "fbarray_nohugemem"} {
		files = append(files, filepath.Join(dir, name))
	}
	return append(files, dir)
}

// run starts the streams, on lcores of the ports' NUMA nodes first, and keeps Go
// off the CPUs that poll.
func (d *dataplane) run(ctx context.Context, streams []dpdk.Stream) (*dpdk.Job, error) {
	remote := func(l dpdk.Lcore) int {
		for _, p := range d.ports {
			if p.Socket < 0 || p.Socket == l.Socket {
				return 0
			}
		}
		return 1
	}
	lcores := d.rt.PollingLcores()
	slices.SortStableFunc(lcores, func(a, b dpdk.Lcore) int { return remote(a) - remote(b) })
	job, err := d.rt.Run(ctx, streams, lcores)
	if err != nil {
		return nil, err
	}
	if err := d.rt.Confine(d.cfg.CPUs, job.Lcores()); err != nil {
		err = errors.Join(err, job.Stop(ctx))
		job.Free()
		return nil, err
	}
	return job, nil
}
