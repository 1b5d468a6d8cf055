// Package resulttest has results to test with, and holds documents against the
// schema of results.
package resulttest

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is the path of the JSON Schema of results.
func Schema() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "../../../docs/reference/result.schema.json")
}

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	file, err := os.Open(Schema())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	doc, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("result.schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("result.schema.json")
})

// Validate fails the test if the document is no result by the schema.
func Validate(t testing.TB, document []byte) {
	t.Helper()
	schema, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Errorf("no JSON: %v\n%s", err, document)
		return
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%v", err)
	}
}
