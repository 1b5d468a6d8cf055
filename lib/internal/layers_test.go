// Package internal has no code of its own: its test holds the library to its
// layers.
package internal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/podnet/podnet/"
	source = module + "lib/internal/source/"
)

// listed is what the test asks of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	CgoFiles   []string
}

// TestLayers checks that the library imports no part of the applications, no cgo
// of its own and no client of Kubernetes, that no source imports another, and
// that the EAL renderer imports no source.
func TestLayers(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,CgoFiles", "../...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &stderr)
	}
	sources := 0
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, source) {
			sources++
		}
		for _, reason := range violations(p) {
			t.Error(reason)
		}
	}
	if sources < 6 {
		t.Errorf("the test saw %d sources, and there are six", sources)
	}
}

// violations says what is wrong with a package of the library.
func violations(p listed) []string {
	var bad []string
	if len(p.CgoFiles) > 0 || slices.Contains(p.Imports, "C") {
		bad = append(bad, p.ImportPath+" uses cgo")
	}
	for _, dep := range p.Deps {
		switch {
		case strings.HasPrefix(dep, module) && !strings.HasPrefix(dep, module+"lib/"):
			bad = append(bad, p.ImportPath+" depends on "+dep+", which is not of the library")
		case strings.HasPrefix(dep, "k8s.io/client-go"):
			bad = append(bad, p.ImportPath+" depends on "+dep)
		case strings.HasPrefix(dep, source) && (strings.HasPrefix(p.ImportPath, source) || p.ImportPath == module+"lib/eal"):
			bad = append(bad, p.ImportPath+" depends on the source "+dep)
		}
	}
	return bad
}

// TestViolations checks that the test above can fail.
func TestViolations(t *testing.T) {
	for _, p := range []listed{
		{ImportPath: module + "lib/x", CgoFiles: []string{"x.go"}},
		{ImportPath: module + "lib/x", Imports: []string{"C"}},
		{ImportPath: module + "lib/x", Deps: []string{module + "internal/dpdk"}},
		{ImportPath: module + "lib/x", Deps: []string{"k8s.io/client-go/rest"}},
		{ImportPath: source + "a", Deps: []string{source + "b"}},
		{ImportPath: module + "lib/eal", Deps: []string{source + "b"}},
	} {
		if len(violations(p)) == 0 {
			t.Errorf("%+v is let through", p)
		}
	}
	fine := listed{ImportPath: module + "lib/podnet", Imports: []string{source + "a"}, Deps: []string{source + "a", module + "lib/eal"}}
	if bad := violations(fine); len(bad) > 0 {
		t.Errorf("%+v is not let through: %v", fine, bad)
	}
}
