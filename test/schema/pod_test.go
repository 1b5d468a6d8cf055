// Package schema holds the documents that podnet writes against their published
// schemas.
package schema

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

var update = flag.Bool("update", false, "write the schema and its page")

func TestPodSchema(t *testing.T) {
	schematest.Document{
		Name: "pod", Title: podnet.Schema, Type: &podnet.Pod{}, Package: "lib/podnet",
		Description: "What a container was given. Fields may be added, never renamed or removed: readers leave out those that they do not know.",
		Heading:     "The pod document",
		Intro: "`inspect -o json` prints one document, which a `podnet.Pod` of the Go library marshals to. Its JSON Schema is\n" +
			"[pod.schema.json](pod.schema.json). Fields may be added, never renamed or removed.\n",
	}.Test(t, *update)
}

// Every answer of the scenarios, in which every field is used by some, is a
// document by the schema.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../../lib/podnet/testdata/*.txtar")
	if err != nil || len(files) < 120 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		document, ok := podnettest.Load(t, file).Section("want.json")
		if !ok {
			t.Errorf("%s has no answer", file)
		}
		t.Run(filepath.Base(file), func(t *testing.T) { schematest.Pod(t, document) })
	}
}
