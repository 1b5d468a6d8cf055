package fabric

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// maxPending is how many connections may be proving themselves at the same time. One
// more takes the place of the oldest: a pod needs milliseconds, and whoever is still
// there after that has nothing to say.
const maxPending = 256

// gate lets in the connections that prove themselves, and is silent to all others.
type gate struct {
	token Token
	admit func(*wire) // called for each in a goroutine of its own; closes the connection

	mu      sync.Mutex
	pending []net.Conn // the oldest first
	open    sync.WaitGroup
}

// serve accepts connections until ctx ends, and waits until the last one has ended.
func (g *gate) serve(ctx context.Context, listener net.Listener) error {
	defer g.open.Wait()
	stop := context.AfterFunc(ctx, func() {
		_ = listener.Close()
		g.drop(0)
	})
	defer stop()
	for {
		c, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = c.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as too many open files: those there go on
			time.Sleep(50 * time.Millisecond)
			continue
		}
		g.drop(maxPending - 1)
		g.mu.Lock()
		g.pending = append(g.pending, c)
		g.mu.Unlock()
		g.open.Go(func() { g.check(ctx, c) })
	}
}

// check lets a connection in if it proves itself.
func (g *gate) check(ctx context.Context, c net.Conn) {
	defer c.Close()
	w, err := accepted(c, g.token)
	g.mu.Lock()
	g.pending = slices.DeleteFunc(g.pending, func(p net.Conn) bool { return p == c })
	g.mu.Unlock()
	if err == nil && ctx.Err() == nil {
		g.admit(w)
	}
}

// drop ends the oldest connections that have not proved themselves, until there are no
// more than so many.
func (g *gate) drop(most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.pending) > most {
		_ = g.pending[0].Close()
		g.pending = g.pending[1:]
	}
}
