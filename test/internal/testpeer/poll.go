//go:build linux

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
		if time.Now().After(deadline) {
			return fmt.Errorf("after %v: %w", timeout, err)
		}
	}
}

// Poll is Poll as long as the process runs: its end is an error at once.
func (p *Process) Poll(timeout time.Duration, check func() error) error {
	var ended error
	err := Poll(timeout, func() error {
		if ended = p.Ended(); ended != nil {
			return nil
		}
		return check()
	})
	return errors.Join(ended, err)
}
