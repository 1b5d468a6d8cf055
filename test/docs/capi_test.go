package docs

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the reference of the C API from its header")

// declaration is one function or type of the header, with the comment that it has.
type declaration struct{ group, text, comment string }

// TestReferenceOfC holds docs/reference/c-api.md against the header that it is made from.
func TestReferenceOfC(t *testing.T) {
	const file = "docs/reference/c-api.md"
	var b strings.Builder
	b.WriteString(`# The C API

For C and C++ developers: every function of ` + "`libpodnet`" + `. [Use podnet from C](../how-to/c.md) shows how to use them. [The
codes](codes.md) explains the codes of problems; ` + "`podnet_codes.h`" + ` has their numbers. ` + "`go test ./test/docs -run ReferenceOfC -update`" + ` writes this page from ` + "`capi/podnet.h`" + `.

`)
	header := read(t, "capi/podnet.h")
	b.WriteString(preamble(t, header))
	group := ""
	for _, d := range declarations(header) {
		if d.group != group {
			group = d.group
			fmt.Fprintf(&b, "\n## %s\n\n| declaration | what it is |\n|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", d.text, strings.ReplaceAll(d.comment, "|", "\\|"))
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root, file), []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(b.String(), read(t, file)); diff != "" {
		t.Errorf("%s is out of date: run go test ./test/docs -run ReferenceOfC -update (-want +got):\n%s", file, diff)
	}
	for _, d := range declarations(header) {
		if strings.Contains(d.text, "(") && d.comment == "" && !strings.HasSuffix(d.text, "size_t n)") {
			t.Errorf("capi/podnet.h does not say what this is: %s", d.text)
		}
	}
	for _, m := range matches(regexp.MustCompile(`PODNET_API [^;(]*?\b(podnet_\w+)\(`), header) {
		if !strings.Contains(b.String(), m+"(") {
			t.Errorf("the reference lacks %s", m)
		}
	}
}

// preamble is the paragraph about handles, threads and lifetimes at the header's top.
func preamble(t *testing.T, header string) string {
	t.Helper()
	const begins = "Use a handle (struct podnet)"
	_, text, found := strings.Cut(header, "\n * "+begins)
	text, _, ends := strings.Cut(text, "\n */")
	if !found || !ends {
		t.Fatalf("capi/podnet.h has no paragraph that begins with %q", begins)
	}
	return begins + strings.ReplaceAll(text, "\n * ", "\n") + "\n"
}

// declarations reads the header from the top down. A comment above stands at the first of
// the declarations until the next blank line, one behind at its own.
func declarations(header string) []declaration {
	var all []declaration
	group, above := "Types", ""
	section := regexp.MustCompile(`^/\* == (.*) == \*/$`)
	behind := regexp.MustCompile(`^(.*?)\s*/\* (.*) \*/$`)
	_, body, _ := strings.Cut(header, "/* Results:")
	blocks := strings.SplitSeq("/* Results:"+body, "\n\n")
	for block := range blocks {
		if m := section.FindStringSubmatch(block); m != nil {
			group = m[1]
			continue
		}
		above = ""
		if strings.HasPrefix(block, "/*") {
			comment, rest, ok := strings.Cut(block, "*/\n")
			if !ok {
				continue
			}
			above, block = oneLine(strings.TrimPrefix(comment, "/*")), rest
		}
		for _, line := range statements(block) {
			comment := above
			if m := behind.FindStringSubmatch(line); m != nil {
				line, comment = m[1], strings.TrimSpace(sentence(above)+m[2])
			}
			line = strings.TrimSuffix(strings.TrimPrefix(line, "PODNET_API "), ";")
			switch {
			case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "}") || strings.HasPrefix(line, "extern"):
			case strings.HasPrefix(line, "enum ") && strings.HasSuffix(line, "{"), strings.HasPrefix(line, "struct ") && strings.HasSuffix(line, "{"):
				all = append(all, declaration{group, strings.TrimSuffix(line, " {"), comment})
				above = ""
			default:
				all = append(all, declaration{group, strings.TrimSuffix(line, ","), comment})
				above = ""
			}
		}
	}
	return all
}

// statements joins a statement that continues on further lines.
func statements(block string) []string {
	var all []string
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if n := len(all); n > 0 && strings.HasPrefix(all[n-1], "PODNET_API") && !strings.Contains(all[n-1], ";") {
			all[n-1] += " " + line
			continue
		}
		all = append(all, line)
	}
	return all
}

// sentence ends a text that another follows.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.TrimSuffix(text, ".") + ": "
}

func oneLine(comment string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(comment, "\n *", "\n")), " ")
}

// TestSnippetsOfC compiles the C in the documents.
func TestSnippetsOfC(t *testing.T) {
	for _, f := range fences(t, "c") {
		file := filepath.Join(t.TempDir(), "snippet.c")
		const head = "#include <podnet.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
		if err := os.WriteFile(file, []byte(head+f.text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I../../capi", "-I../../capi/netutil", file).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", f.at, err, out)
		}
	}
}
