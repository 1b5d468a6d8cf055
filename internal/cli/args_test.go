package cli

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A real shell reads back what printShell wrote.
func TestPrintShellRoundTrip(t *testing.T) {
	args := []string{
		"plain", "", " ", "a b", "tab\there", "new\nline", "it's", `"double"`, "$HOME", "$(id)", "`id`", `back\slash`, `\`, "*", "?", "[a]",
		"~", "~root", "!", "#", "a;b", "a&b", "a|b", "<", ">", "(0-1)@5", "{a,b}", "größe", "--vdev=net_memif0,socket=/a", "-a", "''", "%s", "=x",
	}
	var out bytes.Buffer
	if err := printShell(&out, args); err != nil {
		t.Fatal(err)
	}
	script := "eval \"set -- $(cat)\"\nfor arg; do printf '%s\\0' \"$arg\"; done"
	cmd := exec.Command("sh", "-c", script)
	cmd.Stdin = &out
	words, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
	if diff := cmp.Diff(args, got); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"":           "-",
		"net1":       "net1",
		"größe a":    "größe a",
		"a\x1b[31m":  `"a\x1b[31m"`,
		"a\tb":       `"a\tb"`,
		"\xff":       `"\xff"`,
		"\u202egnp.": `"\u202egnp."`,
	} {
		if got := cell(text); got != want {
			t.Errorf("cell(%q) = %s, want %s", text, got, want)
		}
	}
}
