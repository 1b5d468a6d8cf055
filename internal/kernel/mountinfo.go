package kernel

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Mount is a line of /proc/self/mountinfo (see proc_pid_mountinfo(5)).
type Mount struct {
	Line    int      // from 1
	Root    string   // directory of the file system that is mounted
	Point   string   // where: an absolute path, clean
	Type    string   // of the file system
	Options []string // of the file system
	Flags   []string // of the mount: ro or rw, and so on
}

// ParseMounts reads the lines of mountinfo about control groups, hugepages and /sys, and
// those whose mount point has a name that is usual for hugepages. It skips malformed lines,
// and mounts that a later mount at the same place hides.
func ParseMounts(text string) []Mount {
	var mounts []Mount
	byPoint := map[string]int{} // index in mounts, by the point as it is written
	line := 0
	for text := range strings.Lines(text) {
		line++
		// Optional fields in the middle end with a lone hyphen.
		front, back, ok := strings.Cut(text, " - ")
		if !ok {
			continue
		}
		fields, tail := strings.Fields(front), strings.Fields(back)
		if len(fields) < 6 || len(tail) < 1 || fields[4][0] != '/' {
			continue
		}
		if i, ok := byPoint[fields[4]]; ok {
			mounts[i].Type = ""
		}
		m := Mount{Line: line, Root: unescape(fields[3]), Point: path.Clean(unescape(fields[4])), Type: tail[0]}
		m.Flags = strings.Split(fields[5], ",")
		switch {
		case m.Type == "cgroup", m.Type == "cgroup2", m.Type == "hugetlbfs", m.Point == "/sys":
		case strings.HasPrefix(path.Base(m.Point), "huge"):
		default:
			continue
		}
		if len(tail) > 1 {
			// The device in between may be empty, and then is no field at all.
			m.Options = strings.Split(tail[len(tail)-1], ",")
		}
		byPoint[fields[4]] = len(mounts)
		mounts = append(mounts, m)
	}
	return slices.DeleteFunc(mounts, func(m Mount) bool { return m.Type == "" })
}

// unescape undoes the kernel's octal escapes of blanks, newlines and backslashes.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
