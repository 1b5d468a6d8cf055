package result_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

const (
	module    = "github.com/podnet/podnet"
	reference = "../../docs/reference/result.md"
)

var update = flag.Bool("update", false, "write the files anew")

// reflected is the schema that the types and their comments say.
func reflected(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{Anonymous: true}
	// The comments' paths are those of packages, from the module's root.
	t.Chdir("../..")
	if err := r.AddGoComments(module, "./internal/result", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	s := r.Reflect(&result.Result{})
	t.Chdir("internal/result")
	s.ID = ""
	s.Title = "podnet.result/v1"
	s.Description = "What bench of testpmd-wrapper measured. Fields may be added, never renamed or removed: readers leave out those that they do not know."
	for name, d := range s.Definitions {
		d.Description = oneLine(d.Description)
		for p := d.Properties.Oldest(); p != nil; p = p.Next() {
			p.Value.Description = oneLine(p.Value.Description)
			if p.Value.Description == "" && p.Value.Ref == "" {
				t.Errorf("%s.%s has no description: give the field a comment", name, p.Key)
			}
		}
	}
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// held compares a file with what it has to be, or writes it.
func held(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date, go test ./internal/result -update writes it (-want +got):\n%s", path, diff)
	}
}

func TestSchema(t *testing.T) {
	s := reflected(t)
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	held(t, resulttest.Schema(), append(b, '\n'))
	held(t, reference, fields(s))
}

// fields is the reference of all fields, type by type.
func fields(s *jsonschema.Schema) []byte {
	var b strings.Builder
	b.WriteString("# The result document\n\n`bench -o json` and `--result-file` write one document. Its JSON Schema is\n" +
		"[result.schema.json](result.schema.json). Fields may be added, never renamed or removed. What the figures mean is in\n" +
		"[Measurement](../explanation/measurement.md).\n")
	names := slices.Sorted(maps.Keys(s.Definitions))
	names = slices.Insert(slices.DeleteFunc(names, func(n string) bool { return n == "Result" }), 0, "Result")
	for _, name := range names {
		d := s.Definitions[name]
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| field | type | meaning |\n|---|---|---|\n", name, d.Description)
		for p := d.Properties.Oldest(); p != nil; p = p.Next() {
			optional := ""
			if !slices.Contains(d.Required, p.Key) {
				optional = ", optional"
			}
			fmt.Fprintf(&b, "| `%s` | %s%s | %s |\n", p.Key, typeName(p.Value), optional, strings.ReplaceAll(p.Value.Description, "|", `\|`))
		}
	}
	return []byte(b.String())
}

func typeName(s *jsonschema.Schema) string {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	case s.Items != nil:
		return "list of " + typeName(s.Items)
	case s.OneOf != nil:
		return typeName(s.OneOf[0]) + " or null"
	case s.Format != "":
		return s.Format
	}
	return s.Type
}
