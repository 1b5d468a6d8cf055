// Package schematest makes the JSON Schemas in docs/reference out of Go types and
// their comments, and holds documents against them. It is for tests.
package schematest

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"

	"github.com/podnet/podnet/lib/pciaddr"
)

const module = "github.com/podnet/podnet"

// root finds the module's directory above the test's own. A guest has it at another
// place than the machine that compiled the test.
func root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "docs/reference")); err == nil {
			return dir, nil
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		err = errors.New("no docs/reference above the test's directory")
	}
	return "", err
}

// Document is a document with a schema.
type Document struct {
	Name        string // of the files in docs/reference, such as result
	Title       string // its schema's name, such as podnet.result/v1
	Description string
	Type        any    // a value of its type
	Package     string // of the type, such as internal/result
	Heading     string // of the reference page
	Intro       string // of the reference page, below the heading
}

// Test holds the schema and the reference page to the type and its comments; update
// writes them.
func (d Document) Test(t *testing.T, update bool) {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	s := d.reflected(t)
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	base := "docs/reference/" + d.Name
	held(t, base+".schema.json", append(b, '\n'), update)
	held(t, base+".md", d.page(s), update)
}

// reflected is the schema that the types and their comments say. Comments are found
// by the package's path below the working directory.
func (d Document) reflected(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{Anonymous: true, Mapper: text}
	if err := r.AddGoComments(module, "./"+d.Package, jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	s := r.Reflect(d.Type)
	s.ID, s.Title, s.Description = "", d.Title, d.Description
	if name, ok := s.Definitions[first(s)].Properties.Get("schema"); ok {
		name.Const = d.Title
	}
	for name, def := range s.Definitions {
		def.Description = oneLine(def.Description)
		for p := def.Properties.Oldest(); p != nil; p = p.Next() {
			p.Value.Description = oneLine(p.Value.Description)
			if p.Value.Description == "" && p.Value.Ref == "" {
				t.Errorf("%s.%s has no description: give the field a comment", name, p.Key)
			}
		}
	}
	return s
}

// text is the schema of types that are text in JSON, whatever they are in Go; nil
// for others.
func text(t reflect.Type) *jsonschema.Schema {
	switch {
	case t == reflect.TypeFor[pciaddr.Address]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-1][0-9a-f]\.[0-7]$`}
	case t == reflect.TypeFor[time.Time]():
		return nil // which has a format
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

// first is the definition of the document itself.
func first(s *jsonschema.Schema) string { return s.Ref[strings.LastIndex(s.Ref, "/")+1:] }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// held compares a file with the text that it must have, or writes it.
func held(t *testing.T, path string, want []byte, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date, go test ./test/schema -update writes it (-want +got):\n%s", path, diff)
	}
}

// page is the reference of all fields, type by type.
func (d Document) page(s *jsonschema.Schema) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s", d.Heading, d.Intro)
	names := slices.Sorted(maps.Keys(s.Definitions))
	names = slices.Insert(slices.DeleteFunc(names, func(n string) bool { return n == first(s) }), 0, first(s))
	for _, name := range names {
		def := s.Definitions[name]
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| field | type | meaning |\n|---|---|---|\n", name, def.Description)
		for p := def.Properties.Oldest(); p != nil; p = p.Next() {
			optional := ""
			if !slices.Contains(def.Required, p.Key) {
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
