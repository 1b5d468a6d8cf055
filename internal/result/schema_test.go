package result_test

import (
	"flag"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/schematest"
)

var update = flag.Bool("update", false, "write the schema and its page")

func TestSchema(t *testing.T) {
	schematest.Document{
		Name: "result", Title: result.Schema, Type: &result.Result{}, Package: "internal/result",
		Description: "What bench of testpmd-wrapper measured. Fields may be added, never renamed or removed: readers leave out those that they do not know.",
		Heading:     "The result document",
		Intro: "`bench -o json` and `--result-file` write one document. Its JSON Schema is\n" +
			"[result.schema.json](result.schema.json). Fields may be added, never renamed or removed. What the figures mean is in\n" +
			"[Measurement](../explanation/measurement.md).\n",
	}.Test(t, *update)
}
