package fabric

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// secret is the token of the tests.
func secret(t testing.TB) Token {
	t.Helper()
	token, err := ParseToken([]byte(strings.Repeat("s", 32) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// world is a fabric in memory: pods, and the wires between their rails.
type world struct {
	token  Token
	around time.Duration // a measurement takes beside its trial

	mu         sync.Mutex
	reflecting map[railOf]Task // by whose rail
	pods       []*pod
	listener   *memListener // the coordinator's
}

// railOf is a rail of a pod.
type railOf struct{ index, rail int }

// pod is one of the world's, with the faults that it has.
type pod struct {
	*world
	index int
	ports []result.FabricRail

	mu      sync.Mutex
	conns   []*memConn
	held    bool // partitioned from the coordinator
	hung    bool // its fast path does not end what it begins
	delay   time.Duration
	failing error
}

func newWorld(t testing.TB, nodes, rails int) *world {
	w := &world{token: secret(t), around: overhead, reflecting: make(map[railOf]Task)}
	for i := range nodes {
		p := &pod{world: w, index: i}
		for r := range rails {
			p.ports = append(p.ports, result.FabricRail{
				Device: result.Device{Name: fmt.Sprintf("net%d", r+1), Kind: "pci", MAC: fmt.Sprintf("02:00:%02x:%02x:00:%02x", i>>8, i&0xff, r)},
				IPs:    []string{fmt.Sprintf("10.%d.%d.%d", r, i>>8, i&0xff)},
			})
		}
		w.pods = append(w.pods, p)
	}
	return w
}

// listen gives the coordinator a new place to listen, which the pods find.
func (w *world) listen() *memListener {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listener = newMemListener()
	return w.listener
}

// agent is a process in the pod.
func (p *pod) agent() *Agent {
	return &Agent{
		Pod:  Pod{Index: p.index, Node: fmt.Sprintf("node-%d", p.index), Pod: fmt.Sprintf("fabric-%d", p.index), Version: "test"},
		Path: p, Token: p.token, Dial: p.dial,
	}
}

// dial finds the coordinator in memory.
func (p *pod) dial(ctx context.Context) (net.Conn, error) {
	p.mu.Lock()
	held := p.held
	p.mu.Unlock()
	if held {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	p.world.mu.Lock()
	l := p.listener
	p.world.mu.Unlock()
	if l == nil {
		return nil, errors.New("the coordinator does not listen yet")
	}
	c, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
	return c, nil
}

// partition cuts the pod from the coordinator, or joins it again.
func (p *pod) partition(held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = held
	for _, c := range p.conns {
		c.hold(held)
	}
}

// forget leaves the pod's connections as they are, and lets it make others.
func (p *pod) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns, p.held = nil, false
}

func (p *pod) Rails() []result.FabricRail { return p.ports }

// packets is how many a flow has. No other one has as many.
func packets(f Flow) uint64 {
	return uint64(((f.From*MaxNodes+f.To)*MaxRails+f.Lane.From)*MaxRails+f.Lane.To) + 1
}

// faults waits for the pod's delay, and gives its error if it has one.
func (p *pod) faults(ctx context.Context) error {
	p.mu.Lock()
	hung, delay, failing := p.hung, p.delay, p.failing
	p.mu.Unlock()
	if delay > 0 {
		time.Sleep(delay)
	}
	if hung {
		<-ctx.Done()
		return ctx.Err()
	}
	return failing
}

// right holds a task to what both ends registered.
func (p *pod) right(t Task) error {
	for _, e := range []End{t.From, t.To} {
		if want := p.world.pods[e.Index].ports[e.Rail].MAC; e.Port.MAC != want {
			return fmt.Errorf("index %d has the MAC address %s, not %s", e.Index, want, e.Port.MAC)
		}
	}
	return nil
}

func (p *pod) Generate(ctx context.Context, t Task) (Generated, error) {
	if err := errors.Join(p.faults(ctx), p.right(t)); err != nil {
		return Generated{}, err
	}
	started := time.Now()
	select {
	case <-time.After(t.Warmup + t.Trial + p.around):
	case <-ctx.Done():
		return Generated{}, ctx.Err()
	}
	n := packets(Flow{t.From.Index, t.To.Index, Lane{t.From.Rail, t.To.Rail}})
	g := Generated{Started: started, Seconds: t.Trial.Seconds(), Offered: n, Sent: n, Valid: true}
	if t.OneWay {
		return g, nil
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	var back uint64
	if p.reflecting[railOf{t.To.Index, t.To.Rail}].Signature == t.Signature {
		back = n
	}
	g.Returned = &back
	return g, nil
}

func (p *pod) Reflect(ctx context.Context, t Task, ready func(), stop <-chan struct{}) (Reflected, error) {
	if err := errors.Join(p.faults(ctx), p.right(t)); err != nil {
		return Reflected{}, err
	}
	at := railOf{p.index, t.To.Rail}
	p.world.mu.Lock()
	p.reflecting[at] = t
	p.world.mu.Unlock()
	defer func() {
		p.world.mu.Lock()
		delete(p.reflecting, at)
		p.world.mu.Unlock()
	}()
	ready()
	select {
	case <-stop:
	case <-ctx.Done():
		return Reflected{}, ctx.Err()
	}
	n := packets(Flow{t.From.Index, t.To.Index, Lane{t.From.Rail, t.To.Rail}})
	return Reflected{Arrived: &n}, nil
}
