package report

import (
	"os"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/schematest"
)

// Every document that is written is one by the schema.
func TestDocumentsAreValid(t *testing.T) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		n++
		t.Run(f.Name(), func(t *testing.T) {
			b, err := os.ReadFile("testdata/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			schematest.Result(t, b)
		})
	}
	if n < 5 {
		t.Errorf("%d documents, want one of each sample", n)
	}
}
