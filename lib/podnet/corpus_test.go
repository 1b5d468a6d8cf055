package podnet_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// scenarios are the files of the corpus.
func scenarios(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	return files
}

func scenarioName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }

// TestEveryRuleMatters switches off each rule of the resolver in turn: some
// scenario has to fail without it.
func TestEveryRuleMatters(t *testing.T) {
	facts, want := map[string][]fact.Fact{}, map[string][]byte{}
	for _, file := range scenarios(t) {
		gathered, err := podnet.Gather(t.Context(), podnettest.Load(t, file).Options())
		if err != nil {
			t.Fatal(err)
		}
		facts[file], want[file] = gathered, indented(t, podnet.Resolve(gathered))
	}
	for _, rule := range podnet.Rules() {
		t.Run(rule, func(t *testing.T) {
			for file := range facts {
				if !bytes.Equal(want[file], indented(t, podnet.ResolveWithout(rule, facts[file]))) {
					return
				}
			}
			t.Error("no scenario needs this rule")
		})
	}
}

// row is a form or a quirk of an input, from testdata/rows.txt.
type row struct{ id, text string }

// readRows reads the rows, by section.
func readRows(t *testing.T) (sections []string, rows map[string][]row) {
	t.Helper()
	data, err := os.ReadFile("testdata/rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows = map[string][]row{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "# "); ok {
			sections = append(sections, title)
		} else if id, text, ok := strings.Cut(line, " "); ok {
			section := sections[len(sections)-1]
			rows[section] = append(rows[section], row{id, strings.TrimSpace(text)})
		}
	}
	return sections, rows
}

// covers are the rows that a scenario's comment claims.
func covers(comment string) []string {
	var ids []string
	for line := range strings.Lines(comment) {
		if list, ok := strings.CutPrefix(line, "Covers: "); ok {
			ids = append(ids, strings.Fields(list)...)
		}
	}
	return ids
}

// TestCorpusCoversEveryRow holds testdata/README.md, the table from each row to
// the scenarios that show it, against the rows and the scenarios' comments.
func TestCorpusCoversEveryRow(t *testing.T) {
	const table = "testdata/README.md"
	sections, rows := readRows(t)
	byRow := map[string][]string{}
	for _, list := range rows {
		for _, r := range list {
			if _, twice := byRow[r.id]; twice {
				t.Errorf("rows.txt: row %s is there twice", r.id)
			}
			byRow[r.id] = []string{}
		}
	}
	for _, file := range scenarios(t) {
		claimed := covers(podnettest.Load(t, file).Comment)
		if len(claimed) == 0 {
			t.Errorf("%s covers no row", file)
		}
		for _, id := range claimed {
			if _, ok := byRow[id]; !ok {
				t.Errorf("%s covers %s, which rows.txt does not have", file, id)
			}
			byRow[id] = append(byRow[id], scenarioName(file))
		}
	}
	var b strings.Builder
	b.WriteString("# Scenarios\n\nEach file is a pod, and the answer that `inspect -o json` has to give. `go test ./lib/podnet -update`\n" +
		"makes this table from `rows.txt` and the scenarios' comments.\n")
	for _, section := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| row | what | scenarios |\n|---|---|---|\n", section)
		for _, r := range rows[section] {
			if len(byRow[r.id]) == 0 {
				t.Errorf("no scenario covers row %s: %s", r.id, r.text)
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", r.id, r.text, strings.Join(byRow[r.id], ", "))
		}
	}
	if *update {
		if err := os.WriteFile(table, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("%s is out of date: run go test ./lib/podnet -update (-want +got):\n%s", table, diff)
	}
}

// TestCorpusIsComplete keeps the corpus from shrinking unseen.
func TestCorpusIsComplete(t *testing.T) {
	const least = 120
	if n := len(scenarios(t)); n < least {
		t.Errorf("%d scenarios, want %d at least", n, least)
	}
}
