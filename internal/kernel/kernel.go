// Package kernel reads what the kernel says of this process, its threads and its
// control groups, below a root and with limits (package rootfs). A parser takes a
// file's text, so that a caller which has to tell a file that is absent from one
// that cannot be read reads it itself.
package kernel

import (
	"strconv"
	"strings"
)

// Files of this process.
const (
	ProcCgroup    = "/proc/self/cgroup"
	ProcMountinfo = "/proc/self/mountinfo"
	ProcStatus    = "/proc/self/status"
)

// Field finds the value of "name: value" in a file such as /proc/self/status.
func Field(text, name string) (string, bool) {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// number is a decimal number; nil if the text is none.
func number(text string) *uint64 {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return &n
	}
	return nil
}
