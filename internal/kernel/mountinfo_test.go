package kernel

import "testing"

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"/a": "/a", `/a\040b`: "/a b", `\011\012\134`: "\t\n\\", `\04`: `\04`, `\999`: `\999`, `\`: `\`, `\0400`: " 0",
	} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}
