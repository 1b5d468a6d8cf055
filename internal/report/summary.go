package report

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/podnet/podnet/internal/result"
)

// SummaryBytes is what Kubernetes keeps of a container's termination message.
const SummaryBytes = 4096

// Summary sums up a run in at most so many bytes of UTF-8, the most important lines
// first. It leaves out the lines that do not fit, and says how many they are.
func Summary(r result.Result, most int) []byte {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, plain(fmt.Sprintf(format, args...))) }
	add("%s: %s", title(r), r.Verdict())
	if r.Reason != "" {
		add("%s", r.Reason)
	}
	for _, f := range r.Failed {
		add("%s", f)
	}
	for _, c := range allCaveats(r) {
		add("%s", c)
	}
	for _, m := range r.Measurements {
		lines = append(lines, Answer(r, m)...)
	}
	return fitLines(lines, most)
}

// fitLines gives as many of the first lines as fit into so many bytes, and counts the
// others.
func fitLines(lines []string, most int) []byte {
	var b bytes.Buffer
	for i, line := range lines {
		rest := fmt.Sprintf("and %d lines more\n", len(lines)-i)
		last := i == len(lines)-1
		if room := most - b.Len() - len(line) - 1; room < 0 || !last && room < len(rest) {
			if i == 0 {
				return cut(line, most)
			}
			b.WriteString(rest)
			break
		}
		b.WriteString(line + "\n")
	}
	return b.Bytes()
}

// Answer is what a measurement of the run found, in a line for each figure.
func Answer(r result.Result, m result.Measurement) (lines []string) {
	state := ""
	if !m.Valid || !m.Complete {
		state = " (" + m.Verdict() + ")"
	}
	for _, f := range compared(r, m) {
		lines = append(lines, plain(fmt.Sprintf("%s %s: %s%s", named(m), f.Name, f.Text, state)))
	}
	return lines
}

// named names a measurement among the others of its run.
func named(m result.Measurement) string {
	if m.Repeat > 1 {
		return fmt.Sprintf("%s (%d)", m.Frame.Name, m.Repeat)
	}
	return m.Frame.Name
}

// allCaveats are the measurements' caveats that the run's reason does not name.
func allCaveats(r result.Result) (list []string) {
	for _, m := range r.Measurements {
		for _, c := range r.CaveatsOf(m) {
			list = append(list, named(m)+": "+c)
		}
	}
	return list
}

// cut gives as many whole runes of s as fit.
func cut(s string, most int) []byte {
	for len(s) > most {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return []byte(s)
}
