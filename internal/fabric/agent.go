package fabric

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"time"
)

// Agent is a pod of a run: it generates and reflects as the coordinator says.
type Agent struct {
	Pod    Pod
	Path   Path
	Token  Token
	Timing Timing
	// Dial connects to the coordinator. The agent tries again until it succeeds, or
	// has failed for Timing.Patience.
	Dial func(context.Context) (net.Conn, error)
	Log  *slog.Logger // nil: nothing is logged
}

var (
	// ErrRefused means that a Path does not carry out a task that is not for it; the pair's
	// code is then "refused", and "failed" after any other error.
	ErrRefused = errors.New("refused")
	// ErrNotWanted means that the coordinator does not let the pod in.
	ErrNotWanted = errors.New("the coordinator does not let this pod in")
	// ErrNoCoordinator means that no coordinator was found in time.
	ErrNoCoordinator = errors.New("no coordinator was found")
	// ErrStuck means that the fast path did not end a task that was canceled. Only
	// another process can go on.
	ErrStuck = errors.New("the fast path did not end a task that was canceled")

	errLost = errors.New("the connection to the coordinator was lost")
)

// Waits between two attempts to find the coordinator.
const (
	firstWait = 250 * time.Millisecond
	lastWait  = 5 * time.Second
	dialTime  = 10 * time.Second
)

// Run serves the coordinator until the run has ended. It comes back after each loss
// of the connection.
func (a *Agent) Run(ctx context.Context) error {
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	timing := a.Timing.withDefaults()
	h := hello{Pod: a.Pod, Instance: rand.Text(), Rails: a.Path.Rails()}
	if err := h.check(); err != nil {
		return fmt.Errorf("this pod cannot take part: %w", err)
	}
	wait, found := firstWait, time.Now()
	for {
		welcomed, err := a.serve(ctx, timing, h)
		switch {
		case err == nil || errors.Is(err, ErrNotWanted) || errors.Is(err, ErrStuck) || errors.Is(err, ErrVersion):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case welcomed:
			wait, found = firstWait, time.Now()
		case time.Since(found) > timing.Patience:
			return fmt.Errorf("%w for %v: %w", ErrNoCoordinator, timing.Patience, err)
		}
		a.Log.Info("looking for the coordinator", "because", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + mathrand.N(wait/2)):
		}
		wait = min(2*wait, lastWait)
	}
}

// serve connects once, and carries out tasks until the connection ends. It returns nil when
// the run has ended.
func (a *Agent) serve(ctx context.Context, timing Timing, h hello) (welcomed bool, err error) {
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	c, err := a.Dial(dialing)
	if err != nil {
		return false, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	w, err := dialed(c, a.Token)
	if err != nil {
		return false, err
	}
	if err := w.send(message{Hello: &h}, time.Now().Add(handshakeTime)); err != nil {
		return false, err
	}
	m, err := w.receive(time.Now().Add(handshakeTime))
	switch {
	case err != nil:
		return false, err
	case m.Refused != nil:
		return false, fmt.Errorf("%w: %s", ErrNotWanted, printable(*m.Refused, maxText))
	case m.Welcome == nil:
		return false, errMessage
	}
	a.Log.Info("the coordinator has let this pod in", "run", m.Welcome.Run)
	ended := make(chan struct{})
	defer close(ended)
	go w.beat(timing.Beat, ended)
	worker := newWorker(ctx, a, w, m.Welcome.Run, timing)
	err = a.follow(w, worker, timing)
	if !worker.close(timing.Grace) {
		err = ErrStuck
	}
	return true, err
}

// follow does what the coordinator says, until it says that the run has ended.
func (a *Agent) follow(w *wire, worker *worker, timing Timing) error {
	for {
		m, err := w.receive(time.Now().Add(timing.Silent))
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", errLost, err)
		case m.Done:
			return nil
		case m.Reflect != nil:
			worker.reflect(*m.Reflect)
		case m.Generate != nil:
			worker.generate(*m.Generate)
		case m.Stop != nil:
			worker.stop(*m.Stop)
		}
	}
}
