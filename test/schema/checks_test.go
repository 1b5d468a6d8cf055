package schema

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/check"
)

const checksPage = "../../docs/reference/checks.md"

const checksIntro = `# The checks

For platform engineers who want to know what ` + "`check`" + ` looks at. ` + "`run`, `bench` and `exec`" + ` make the same checks before they
start DPDK, unless you pass ` + "`--no-check`" + `. A check passes, warns, fails, or is skipped if it does not apply. If one fails, the
exit code is 3. [The check document](check.md) describes the output, [The codes](codes.md) the codes. If the table has no remedy, the
finding itself names one.

` + "`check --dry-start`" + ` adds results named ` + "`dry-start`" + `: it starts DPDK in a separate process, brings each port up and down, and
maps the lines of DPDK's log to a code and a remedy.
`

// checksText makes the page of the registry.
func checksText() string {
	var b strings.Builder
	b.WriteString(checksIntro)
	group := check.Group("")
	for _, c := range check.All() {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| finding | | remedy |\n|---|---|---|\n", c.ID, c.About)
		for _, f := range c.Findings {
			status := f.Status
			if status == "" {
				status = check.Fail
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Code, status, f.Remedy)
		}
	}
	return b.String()
}

// TestChecks compares the reference of the checks with the registry.
func TestChecks(t *testing.T) {
	want := checksText()
	if *update {
		if err := os.WriteFile(checksPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(checksPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" || strings.Count(want, "\n### ") < 25 {
		t.Errorf("%s: run go test ./test/schema -update (-code +page):\n%s", checksPage, diff)
	}
}
