package podnet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

var update = flag.Bool("update", false, "write what the scenarios give into their want.json; read every change")

// TestScenarios compares each scenario with the Pod that its section want.json
// has.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			s := podnettest.Load(t, file)
			if len(strings.TrimSpace(s.Comment)) == 0 {
				t.Error("the scenario does not say what it is for")
			}
			pod, err := podnet.Discover(t.Context(), s.Options())
			if err != nil {
				t.Fatal(err)
			}
			got := indented(t, pod)
			if *update {
				updateSection(t, file, "want.json", got)
				return
			}
			want, ok := s.Section("want.json")
			if !ok {
				t.Fatal("no section want.json")
			}
			// Indentation and the order of members are free.
			var wantValue, gotValue any
			if err := errors.Join(json.Unmarshal(want, &wantValue), json.Unmarshal(got, &gotValue)); err != nil {
				t.Fatalf("want.json: %v", err)
			}
			if diff := cmp.Diff(wantValue, gotValue); diff != "" {
				t.Errorf("Pod (-want +got):\n%s", diff)
			}
		})
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// updateSection replaces a section of a txtar file, or adds it at the end.
func updateSection(t *testing.T, file, name string, data []byte) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			archive.Files[i].Data, found = data, true
		}
	}
	if !found {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: data})
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
