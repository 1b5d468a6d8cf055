//go:build linux

package peertest

import (
	"testing"
	"time"
)

// NotValid is the exit code of a measurement that the machine has spoiled.
const NotValid = 5

// attempts is how often a machine may spoil a measurement that a test needs.
const attempts = 12

// Repeat makes a measurement until it is one to judge, which the machine's other
// work may keep it from being: then it is made again, a little later each time. It
// reports whether it is one in the end; what it says is for the caller to judge.
func Repeat(t *testing.T, measure func() (usable bool)) bool {
	t.Helper()
	for attempt := range attempts {
		time.Sleep(min(time.Duration(attempt), 5) * time.Second)
		if measure() {
			return true
		}
		t.Logf("attempt %d of %d: the machine has spoiled the measurement", attempt+1, attempts)
	}
	return false
}
