package testpeer

import (
	"errors"
	"fmt"
	"time"
)

const pollInterval = 5 * time.Millisecond

// Poll calls check until it returns nil, and gives up with its last error after
// the timeout.
func Poll(timeout time.Duration, check func() error) error {
	for deadline := time.Now().Add(timeout); ; time.Sleep(pollInterval) {
		err := check()
		if err == nil {
			return nil
		}
		if permanent, ok := errors.AsType[*permanentError](err); ok {
			return permanent.err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after %v: %w", timeout, err)
		}
	}
}

// Permanent makes an error that Poll returns at once.
func Permanent(err error) error { return &permanentError{err} }

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
