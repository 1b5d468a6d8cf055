package downward

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// maxBadLines is the number of lines that are reported one by one. A file that
// is of another kind altogether has bad lines only.
const maxBadLines = 10

// parseAnnotations reads lines of the form key="value", the value quoted as
// strconv.Quote does. A bad line is reported, and the rest is used.
func parseAnnotations(data []byte, at fact.Origin) (map[string]string, []fact.Fact) {
	annotations := map[string]string{}
	var problems []fact.Fact
	number, bad := 0, 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		key, value, err := parseLine(line)
		if _, twice := annotations[key]; err == nil && twice {
			err = fmt.Errorf("annotation %.100q is there twice, the first is used", key)
		}
		if err == nil {
			annotations[key] = value
			continue
		}
		if bad++; bad <= maxBadLines {
			problems = append(problems, fact.Problemf(at.At(":"+strconv.Itoa(number)), fact.Malformed, "%w", err))
		}
	}
	if bad > maxBadLines {
		problems = append(problems, fact.Problemf(at, fact.Malformed, "%d more malformed lines", bad-maxBadLines))
	}
	return annotations, problems
}

// parseLine reads one line. An annotation's key has no '=' in it, its value may.
func parseLine(line string) (key, value string, err error) {
	key, value, ok := strings.Cut(line, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" {
		return "", "", errors.New(`not of the form key="value"`)
	}
	// Kubelet quotes every value; people who write test files may not. What
	// begins with a quote has to be quoted properly.
	if trimmed := strings.TrimSpace(value); strings.HasPrefix(trimmed, `"`) {
		value, err = strconv.Unquote(trimmed)
		if err != nil {
			return "", "", fmt.Errorf("annotation %.100q: the value is not one quoted string on one line", key)
		}
	}
	return key, value, nil
}
