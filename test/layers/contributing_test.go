package layers

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the list of rooms into CONTRIBUTING.md")

// table is the list of rooms as CONTRIBUTING has it.
func table() string {
	var b strings.Builder
	b.WriteString("| room | imports | what it is |\n|---|---|---|\n")
	for _, r := range rooms {
		imports := "-"
		if len(r.imports) > 0 {
			imports = "`" + strings.Join(r.imports, "` `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.dir, imports, r.what)
	}
	return b.String()
}

func TestContributingShowsTheRooms(t *testing.T) {
	const file, begin = "../../CONTRIBUTING.md", "| room | imports |"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	shown, after, ended := strings.Cut(rest, "\n\n")
	if !found || !ended {
		t.Fatalf("%s has no table that begins with %q", file, begin)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+table()+"\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table(), begin+shown+"\n"); diff != "" {
		t.Errorf("%s is out of date: run go test ./test/layers -update (-want +got):\n%s", file, diff)
	}
}

// The files that CONTRIBUTING names exist.
func TestWhatToTouchIsThere(t *testing.T) {
	data, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "### What to touch\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	files := regexp.MustCompile("`((?:lib|internal)/[^`]*)`").FindAllStringSubmatch(section, -1)
	if len(files) < 10 {
		t.Errorf("%d files are named", len(files))
	}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join("../..", strings.TrimSuffix(f[1], "/NAME"))); err != nil {
			t.Error(err)
		}
	}
}
