//go:build !linux

package kernel

import "time"

// ThreadTime is not known here.
func ThreadTime(int) (time.Duration, bool) { return 0, false }
