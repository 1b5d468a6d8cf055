package schematest

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validator holds documents against a schema of docs/reference, by its name there,
// such as result.
func validator(name string) func(t testing.TB, document []byte) {
	file := name + ".schema.json"
	compiled := sync.OnceValues(func() (*jsonschema.Schema, error) {
		dir, err := root()
		if err != nil {
			return nil, err
		}
		f, err := os.Open(filepath.Join(dir, "docs/reference", file))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			return nil, err
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(file, doc); err != nil {
			return nil, err
		}
		return c.Compile(file)
	})
	return func(t testing.TB, document []byte) {
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
}

var (
	// Result holds a document against podnet.result/v1.
	Result = validator("result")
	// Pod holds a document against podnet.pod/v1.
	Pod = validator("pod")
	// Fabric holds a document against podnet.fabric/v1.
	Fabric = validator("fabric")
	// Check holds a document against podnet.check/v1.
	Check = validator("check")
)
