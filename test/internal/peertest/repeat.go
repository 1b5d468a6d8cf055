//go:build linux

package peertest

import (
	"testing"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// NotValid is the exit code of a measurement that the machine has spoiled.
const NotValid = 5

// Spoiled reports whether a result is not valid only because of the machine, such as when
// other processes had the CPU. Its counters can be judged all the same.
func Spoiled(r result.Result) bool {
	if r.Valid || len(r.Measurements) == 0 {
		return false
	}
	for _, m := range r.Measurements {
		for _, t := range m.Trials {
			for _, l := range t.Limits {
				switch l.Code {
				case result.Throttled, result.CPUShare, result.NotOffered, result.TooSlow, result.Behind, result.RefusedCatchingUp, result.OwnDrops, result.PollGap:
				default:
					return false
				}
			}
		}
	}
	return true
}

// attempts is how often a machine may spoil a measurement that a test needs.
const attempts = 12

// Repeat makes a measurement until the machine's other work does not spoil it, each time
// after a longer pause. It reports whether it succeeded; the caller judges the result.
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
