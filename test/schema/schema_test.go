// Package schema checks the documents that podnet writes against their published JSON
// schemas, and the schemas and reference pages against the Go types. It does not check the
// values in a document. Start with schema_test.go.
package schema

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

var update = flag.Bool("update", false, "write the schemas and their pages")

const promise = "Fields may be added, never renamed or removed"

func TestSchemas(t *testing.T) {
	for _, d := range []schematest.Document{
		{
			Name: "pod", Title: podnet.Schema, Type: &podnet.Pod{}, Package: "lib/podnet",
			Description: "What a container was given. " + promise + ": readers leave out those that they do not know.",
			Heading:     "The pod document",
			Intro: "For programs that read `inspect -o json`. It prints one document, which a `podnet.Pod` of the Go library marshals to. Its JSON Schema is\n" +
				"[pod.schema.json](pod.schema.json). " + promise + ".\n",
		},
		{
			Name: "result", Title: result.Schema, Type: &result.Result{}, Package: "internal/result",
			Description: "What bench of testpmd-wrapper measured. " + promise + ": readers leave out those that they do not know.",
			Heading:     "The result document",
			Intro: "For programs that read the results of `bench`. `bench -o json` and `--result-file` write one document. Its JSON Schema is\n" +
				"[result.schema.json](result.schema.json). " + promise + ". [The figures of bench](figures.md)\n" +
				"defines the figures, and [Measurement](../explanation/measurement.md) explains how `bench` measures.\n",
		},
		{
			Name: "fabric", Title: result.FabricSchema, Type: &result.Fabric{}, Package: "internal/result",
			Description: "The fast path between all nodes, as fabric of testpmd-wrapper measured it. " + promise + ": readers leave out those that they do not know.",
			Heading:     "The fabric document", Intro: fabricIntro,
		},
		{
			Name: "check", Title: check.Schema, Type: &check.Report{}, Package: "lib/check",
			Description: "Why DPDK would not run in a container. " + promise + ": readers leave out those that they do not know.",
			Heading:     "The check document",
			Intro: "For programs that read `check -o json`. It prints one document, a `check.Report` of the Go library. Its JSON Schema is\n" +
				"[check.schema.json](check.schema.json). " + promise + ". The checks themselves are in [The checks](checks.md).\n",
		},
	} {
		t.Run(d.Name, func(t *testing.T) { d.Test(t, *update) })
	}
}

// Every answer of the scenarios conforms to the schema.
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
