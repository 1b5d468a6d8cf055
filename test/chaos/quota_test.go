//go:build e2e

package chaos

import (
	"time"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// throttle gives the command a tenth of a CPU for a while. If the test may not make control
// groups on this machine, it stops the command instead.
func (r *round) throttle() {
	if !r.subject.Running() {
		return
	}
	quota, err := testpeer.NewQuota(10)
	if err == nil {
		defer quota.Remove()
		err = quota.Limit(r.subject.PID)
	}
	if err != nil {
		r.Logf("no CPU quota here: %v", err)
		r.stop()
		return
	}
	end := r.note("the command has a tenth of a CPU", harmThrottled)
	time.Sleep(r.between(200*time.Millisecond, time.Second))
	end()
	r.slow = true
}
