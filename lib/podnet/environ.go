package podnet

import (
	"bytes"
	"fmt"
	"strings"
)

// MaxEnviron is the size in bytes above which an environment is refused. The
// kernel's own limit for the arguments and the environment of a process is
// lower by default.
const MaxEnviron = 8 << 20

// ParseEnviron splits a copy of an environment into the NAME=value strings that
// Options.Environ takes. Data with a NUL byte in it is taken as the content of
// /proc/PID/environ, where values may hold newlines. Any other data is taken as
// one NAME=value per line, as env prints it; there, blank lines and lines that
// begin with '#' are skipped. It fails on more than MaxEnviron bytes, and on a
// line without '='.
func ParseEnviron(data []byte) ([]string, error) {
	if len(data) > MaxEnviron {
		return nil, fmt.Errorf("environment of %d bytes: the limit is %d", len(data), MaxEnviron)
	}
	environ := []string{}
	if bytes.IndexByte(data, 0) >= 0 {
		for v := range bytes.SplitSeq(data, []byte{0}) {
			if len(v) > 0 {
				environ = append(environ, string(v))
			}
		}
		return environ, nil
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !strings.Contains(line, "=") {
			return nil, fmt.Errorf("environment line %d: no '='; "+
				"a value with newlines needs the NUL-separated form of /proc/PID/environ", number)
		}
		environ = append(environ, line)
	}
	return environ, nil
}
