package dpdktest

import (
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/podnet/podnet/internal/dpdk"
)

// setting is what a test has said of a port, made already or not.
type setting struct {
	refuse string // why EAL makes none, as it logs it
	away   bool   // the peer
	info   func(*dpdk.PortInfo)
}

// port is a port that EAL has made.
type port struct {
	*setting
	name                        string
	info                        dpdk.PortInfo
	reconnects                  bool // its driver gets a peer that was away back by itself
	configured, started, closed bool
	linked                      bool
	restarts                    int
	stats                       dpdk.Stats
	frames                      [][]byte // to be received
	noise                       []byte   // and this, when there are no others
	sent                        [][]byte
	question                    []byte      // that Question takes
	sentFrom                    dpdk.Handle // the pool of the last of them
}

// set is what there is to say of a port. The lock is held.
func (f *Fake) set(name string) *setting {
	s, ok := f.settings[name]
	if !ok {
		s = &setting{}
		f.settings[name] = s
	}
	return s
}

// Refuse keeps EAL from making the port, for a reason that it logs.
func (f *Fake) Refuse(name, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(name).refuse = reason
}

// Describe changes what a port that EAL will make says of itself.
func (f *Fake) Describe(name string, change func(*dpdk.PortInfo)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(name).info = change
}

// SetPeer makes the port's peer come or go; it is there from the beginning. A port whose
// driver cannot reconnect stays without a link until it is restarted.
func (f *Fake) SetPeer(name string, there bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance()
	f.set(name).away = !there
	if p := f.named(name); p != nil {
		p.linked = p.started && there && (p.linked || p.reconnects)
	}
}

// AddStats adds to the port's own counters.
func (f *Fake) AddStats(name string, s dpdk.Stats) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.named(name)
	p.stats.RxMissed += s.RxMissed
	p.stats.RxErrors += s.RxErrors
	p.stats.RxNoMbuf += s.RxNoMbuf
	p.stats.TxErrors += s.TxErrors
}

// ResetStats makes a port's counters begin again from zero, as memif's do when its
// peer hangs up.
func (f *Fake) ResetStats(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.named(name).stats = dpdk.Stats{}
}

// Started tells whether the port has been started, and not closed.
func (f *Fake) Started(name string) bool {
	return get(f, func() bool { p := f.named(name); return p != nil && p.started })
}

// Closed tells whether the port has been closed.
func (f *Fake) Closed(name string) bool {
	return get(f, func() bool { p := f.named(name); return p != nil && p.closed })
}

// Restarts is how often the port was restarted.
func (f *Fake) Restarts(name string) int { return get(f, func() int { return f.named(name).restarts }) }

// Deliver lets a single frame come to the port.
func (f *Fake) Deliver(name string, frame []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.named(name)
	p.frames = append(p.frames, slices.Clone(frame))
}

// Noise lets the frame come to the port without end.
func (f *Fake) Noise(name string, frame []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.named(name).noise = frame
}

// Ask lets a frame come to the port that asks for a host, while a job runs.
func (f *Fake) Ask(name string, frame []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.named(name).question = slices.Clone(frame)
}

// Sent are the single frames that the port has sent.
func (f *Fake) Sent(name string) [][]byte {
	return get(f, func() [][]byte { return f.named(name).sent })
}

// SentFrom is the pool from which the port took its last single frame.
func (f *Fake) SentFrom(name string) dpdk.Handle {
	return get(f, func() dpdk.Handle { return f.named(name).sentFrom })
}

// named is the port of that name; nil: there is none. The lock is held.
func (f *Fake) named(name string) *port {
	if i := slices.IndexFunc(f.ports, func(p *port) bool { return p.name == name }); i >= 0 {
		return f.ports[i]
	}
	return nil
}

// drivers are those whose ports are called after them.
var drivers = []string{"net_memif", "net_vhost", "net_virtio_user", "net_null", "net_ring"}

// makePort makes the port of an EAL argument. The lock is held.
func (f *Fake) makePort(arg string) {
	name, options := cutArg(arg)
	s := f.set(name)
	if s.refuse != "" {
		f.log('4', s.refuse)
		return
	}
	p := &port{setting: s, name: name, info: dpdk.PortInfo{
		Driver: "net_fake", MAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(len(f.ports))}, MaxQueues: 4,
	}}
	for _, d := range drivers {
		if strings.HasPrefix(name, d) {
			p.info.Driver = d
		}
	}
	switch p.info.Driver {
	case "net_memif":
		p.reconnects = strings.Contains(options, ",role=server,")
	case "net_virtio_user":
		p.reconnects = strings.Contains(options, ",server=1,")
	default:
		p.reconnects = true
	}
	if s.info != nil {
		s.info(&p.info)
	}
	f.ports = append(f.ports, p)
}

// about runs the hook of a call that is about a port, and gives the port with the
// lock held; unlock it.
func (f *Fake) about(c Call, id uint16) (*port, error) {
	f.mu.Lock()
	name := f.ports[id].name
	f.mu.Unlock()
	err := f.hook(c, name)
	f.mu.Lock()
	f.advance()
	return f.ports[id], err
}

// FindPort implements dpdk.Driver.
func (f *Fake) FindPort(name string) (uint16, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.IndexFunc(f.ports, func(p *port) bool { return p.name == name }); i >= 0 {
		return uint16(i), nil
	}
	return 0, syscall.ENODEV
}

// PortInfo implements dpdk.Driver.
func (f *Fake) PortInfo(id uint16) (dpdk.PortInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ports[id].info, nil
}

// Configure implements dpdk.Driver.
func (f *Fake) Configure(id uint16, _, _, _, _ int, rx dpdk.Handle) error {
	p, err := f.about(Configure, id)
	defer f.mu.Unlock()
	if err == nil && rx == nil {
		err = syscall.EINVAL
	}
	p.configured = err == nil
	return err
}

// StartPort implements dpdk.Driver.
func (f *Fake) StartPort(id uint16) error {
	p, err := f.about(StartPort, id)
	defer f.mu.Unlock()
	if err == nil && !p.configured {
		err = syscall.EINVAL
	}
	if err == nil {
		p.started, p.linked = true, !p.away
	}
	return err
}

// RestartPort implements dpdk.Driver.
func (f *Fake) RestartPort(id uint16) error {
	p, err := f.about(RestartPort, id)
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	for _, w := range f.workers {
		if !w.ended && !w.paused {
			return syscall.EBUSY
		}
	}
	p.restarts++
	p.linked = !p.away
	return nil
}

// ClosePort implements dpdk.Driver.
func (f *Fake) ClosePort(id uint16) error {
	p, err := f.about(ClosePort, id)
	defer f.mu.Unlock()
	p.started, p.linked, p.closed = false, false, true
	return err
}

// LinkSpeed implements dpdk.Driver.
func (f *Fake) LinkSpeed(uint16) (uint64, error) { return 10_000, nil }

// Link implements dpdk.Driver.
func (f *Fake) Link(id uint16) (bool, error) {
	p, err := f.about(Link, id)
	defer f.mu.Unlock()
	return p.linked, err
}

// Stats implements dpdk.Driver.
func (f *Fake) Stats(id uint16) (dpdk.Stats, error) {
	p, err := f.about(Stats, id)
	defer f.mu.Unlock()
	return p.stats, err
}

// Send implements dpdk.Driver.
func (f *Fake) Send(id uint16, pool dpdk.Handle, frame []byte) error {
	p, err := f.about(Send, id)
	defer f.mu.Unlock()
	if err != nil || !p.linked {
		return err
	}
	p.sent, p.sentFrom = append(p.sent, slices.Clone(frame)), pool
	if w := f.wires[p.name]; w != nil {
		if to := f.named(w.to); to != nil && to.linked {
			to.frames = append(to.frames, w.answer(frame))
		}
	}
	return nil
}

// Receive implements dpdk.Driver.
func (f *Fake) Receive(id uint16) []byte {
	p, _ := f.about(Receive, id)
	defer f.mu.Unlock()
	if len(p.frames) == 0 {
		return p.noise
	}
	frame := p.frames[0]
	p.frames = p.frames[1:]
	return frame
}
