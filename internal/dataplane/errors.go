package dataplane

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrNotReady is in every error that the pod or its node has to resolve first, as
// a peer that does not come.
var ErrNotReady = errors.New("not ready")

// ErrNoPeer is the cause of a context of Awaiting that ended because peers did
// not come.
var ErrNoPeer = errors.New("no peer came in time")

// ErrStuck means that DPDK does not come back in time from ending what it does. The
// counts and DPDK's files are safe; the process can only exit.
var ErrStuck = errors.New("DPDK does not end in time, perhaps because of a peer: podnet leaves it to the system")

// notReadyError marks an error with ErrNotReady, and reads as the error alone.
type notReadyError struct{ error }

func (e notReadyError) Unwrap() []error { return []error{e.error, ErrNotReady} }

// NotReady marks an error with ErrNotReady.
func NotReady(err error) error { return notReadyError{err} }

// Awaiting bounds a wait for peers, whose end has the cause ErrNoPeer; 0 is for ever.
func Awaiting(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, ErrNoPeer)
}

// WhileWaiting is the error of a wait of Awaiting that ended: err, as not ready,
// if it took too long, else the reason to stop.
func WhileWaiting(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ErrNoPeer) {
		return cause
	}
	return NotReady(err)
}

// orderly is how long a job may take to end in order after it was stopped.
const orderly = 800 * time.Millisecond

// Orderly gives a context that outlives ctx by as long as a job may take to end in
// order, for the calls into DPDK that end it. DPDK that hangs then has the cause
// ErrStuck.
func Orderly(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	var late *time.Timer
	var mu sync.Mutex
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		late = time.AfterFunc(orderly, func() { cancel(ErrStuck) })
	})
	return own, func() {
		stop()
		mu.Lock()
		defer mu.Unlock()
		if late != nil {
			late.Stop()
		}
		cancel(context.Canceled)
	}
}
