package cgroup

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// mount is a line of /proc/self/mountinfo (see proc_pid_mountinfo(5)).
type mount struct {
	line    int    // from 1
	root    string // directory of the file system that is mounted
	point   string // where: an absolute path, clean
	fsType  string
	options []string // of the file system
}

func (m mount) hasOption(option string) bool { return slices.Contains(m.options, option) }

// parseMountinfo reads the lines of mountinfo that have to do with this package.
// It skips what is not of the form of such a line, and mounts that another one
// on the same place hides.
func parseMountinfo(text string) []mount {
	var mounts []mount
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
			mounts[i].fsType = ""
		}
		m := mount{line: line, root: unescape(fields[3]), point: path.Clean(unescape(fields[4])), fsType: tail[0]}
		switch m.fsType {
		case "cgroup", "cgroup2", "hugetlbfs":
		default:
			continue
		}
		if len(tail) > 1 {
			// The device in between may be empty, and then is no field at all.
			m.options = strings.Split(tail[len(tail)-1], ",")
		}
		byPoint[fields[4]] = len(mounts)
		mounts = append(mounts, m)
	}
	return slices.DeleteFunc(mounts, func(m mount) bool { return m.fsType == "" })
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

// parseGroups reads /proc/self/cgroup (see cgroups(7)): the path of the process's
// group by controller, and under the empty name that of version 2.
func parseGroups(text string) map[string]string {
	groups := map[string]string{}
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			groups[controller] = fields[2]
		}
	}
	return groups
}

// field finds the value of "name: value" in a file such as /proc/self/status.
func field(text, name string) (string, bool) {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}
