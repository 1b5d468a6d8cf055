// Package kernel reads the kernel's data about this process, its threads and its control
// groups, below a root and with limits (package rootfs). It changes nothing. Devices and
// network namespaces are read by lib/internal/source.
//
// Functions named Parse take a file's text: a caller that has to distinguish an absent
// file from an unreadable one reads the file itself.
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
