package schema

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
)

const codesPage = "../../docs/reference/codes.md"

const codesIntro = `# The codes

For everyone who has a warning, a problem or an error of podnet's in front of them, and for programs that react to it.

Everything that podnet refuses, leaves out or cannot read has a code: ` + "`warnings`, `problems` and `unassigned[].reason`" + ` in
[the pod document](pod.md), checks, and errors of the Go library, in which ` + "`errors.Is(err, podnet.Code...)`" + ` finds it. Codes are
added, never renamed. [What podnet reads](sources.md#warning-codes) has the remedy for each warning; problems, checks and errors contain their
remedy.

"Yes" in the last column means that such a problem usually ends by itself: ` + "`podnet.Wait` and `--wait`" + ` wait for it. They end at
once with any other problem.
`

// codesText makes the page of the constants in lib/podnet/codes.go and their
// comments.
func codesText(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../lib/podnet/codes.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(codesIntro)
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST || !strings.HasPrefix(group.Doc.Text(), "Codes of ") {
			continue
		}
		title := strings.Join(strings.Fields(strings.TrimPrefix(group.Doc.Text(), "Codes of ")), " ")
		fmt.Fprintf(&b, "\n## Of %s\n\n| code | meaning | waiting helps |\n|---|---|---|\n", strings.TrimSuffix(title, "."))
		for _, spec := range group.Specs {
			spec := spec.(*ast.ValueSpec)
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			waiting := "no"
			if podnet.Code(value).Transient() {
				waiting = "yes"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", value, strings.TrimSpace(spec.Comment.Text()), waiting)
		}
	}
	return b.String()
}

// TestCodes compares the reference of the codes with the code.
func TestCodes(t *testing.T) {
	want := codesText(t)
	if *update {
		if err := os.WriteFile(codesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(codesPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" || strings.Count(want, "\n| `") < 40 {
		t.Errorf("%s: run go test ./test/schema -update (-code +page):\n%s", codesPage, diff)
	}
}
