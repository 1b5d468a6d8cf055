package measure_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/cli/measure"
)

// helpOf gives a command's help.
func helpOf(t *testing.T, command ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	args := append(slices.Clone(command), "--help")
	if code := measure.Main(t.Context(), args, nil, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != 0 {
		t.Fatalf("%v: code %d\n%s", args, code, &errs)
	}
	return out.String()
}

// commandsIn gives the commands that a help lists.
func commandsIn(help string) (names []string) {
	_, list, _ := strings.Cut(help, "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "  ") && line[2] != ' ' {
			names = append(names, strings.Fields(line)[0])
		}
	}
	return names
}

// No help is wider than a terminal, and none loses a command.
func TestHelpFits(t *testing.T) {
	all := [][]string{nil}
	for _, name := range commandsIn(helpOf(t)) {
		all = append(all, []string{name})
		if name == "help" || name == "completion" {
			continue // cobra's own
		}
		for _, sub := range commandsIn(helpOf(t, name)) {
			all = append(all, []string{name, sub})
		}
	}
	if len(all) < 18 {
		t.Fatalf("commands %v", all)
	}
	for _, command := range all {
		if slices.Contains(command, "help") || slices.Contains(command, "completion") {
			continue
		}
		for line := range strings.Lines(helpOf(t, command...)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%v: %d columns: %s", command, n, line)
			}
		}
	}
}

// The help of a way to measure has examples, and every flag below a heading.
func TestHelpOfBench(t *testing.T) {
	for _, method := range append(commandsIn(helpOf(t, "bench")), "") {
		command := []string{"bench", method}
		if method == "" {
			command = command[:1]
		}
		if method == "compare" {
			continue
		}
		help := helpOf(t, command...)
		if !strings.Contains(help, "\nExamples:\n  testpmd-wrapper bench ") {
			t.Errorf("%v has no examples:\n%s", command, help)
		}
		_, other, _ := strings.Cut(help, "\nOther flags:\n")
		if flags := strings.Count(other, "--"); flags != 1 && method != "" || !strings.Contains(other, "-h, --help") {
			t.Errorf("%v: flags without a heading:\n%s", command, other)
		}
	}
}
