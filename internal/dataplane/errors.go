package dataplane

import (
	"context"
	"errors"
	"time"
)

// ErrNotReady is in every error that the pod or its node has to resolve first, as
// a peer that does not come.
var ErrNotReady = errors.New("not ready")

// ErrNoPeer is the cause of a context of Awaiting that ended because peers did
// not come.
var ErrNoPeer = errors.New("no peer came in time")

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
// if it took too long, else why it was told to stop.
func WhileWaiting(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ErrNoPeer) {
		return cause
	}
	return NotReady(err)
}
