package check

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

func fields(text string) []string { return strings.Fields(text) }

func contains(list []int, n int) bool { return slices.Contains(list, n) }

// line reads a small file of one line; empty if it cannot be read.
func (s *system) line(name string) string {
	text, err := s.root.ReadFile(name, rootfs.MaxSmall)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// limit reads the soft limit of that name in the text of /proc/PID/limits; false if
// there is none.
func limit(text, name string) (uint64, bool) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if words := fields(rest); len(words) > 0 {
				n, err := strconv.ParseUint(words[0], 10, 64)
				return n, err == nil // else "unlimited"
			}
		}
	}
	return 0, false
}

// describe tells a file's mode and owner.
func describe(info fs.FileInfo) string {
	text := "mode " + info.Mode().String()
	if uid, gid, ok := owner(info); ok {
		text += fmt.Sprintf(", owner %d:%d", uid, gid)
	}
	return text
}

// described gives what describe tells of a path; nothing if that is not there.
func (s *system) described(name string) []string {
	info, err := s.root.Stat(name)
	if err != nil {
		return nil
	}
	return []string{name + ": " + describe(info)}
}
