// Package layers holds the project's packages to its layers: imports point
// down only, and the library brings neither cgo nor a Kubernetes client.
package layers

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

const module = "github.com/podnet/podnet/"

// pkg is what go list says of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string // of the package's own tests
	XTestImports []string // of its tests in package ..._test
	Deps         []string // at any depth, without the tests'
	CgoFiles     []string
}

// list gives the packages that a pattern stands for, by import path.
func list(t *testing.T, pattern string) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps,CgoFiles", pattern)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", pattern, err, &stderr)
	}
	packages := make(map[string]pkg)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// rules says what a part of the tree may import of the module: below a from
// only what is below one of its to. The most specific from decides.
var rules = []struct {
	from string
	to   []string
}{
	{"lib/pciaddr", nil},
	{"lib/eal", []string{"lib/pciaddr"}},
	{"lib/check", []string{"lib/podnet", "lib/render", "lib/eal", "lib/pciaddr"}},
	{"lib/render", []string{"lib/eal", "lib/pciaddr"}},
	{"lib/internal/source", []string{"lib/pciaddr", "lib/internal/cpulist", "lib/internal/fact", "internal/kernel"}},
	{"lib", []string{"lib", "internal/kernel"}},
	{"internal/kernel", []string{"internal/kernel"}},
	{"internal/schematest", []string{"lib/pciaddr"}},
	{"internal/result", []string{"internal/result"}},
	{"internal/report", []string{"internal/result"}},
	{"internal/baseline", nil},
	{"internal/bench", []string{"internal/result"}},
	{"internal/kube", []string{"internal/kernel"}},
	{"internal/machine", []string{"internal/kernel", "internal/result"}},
	{"internal/metrics", []string{"internal/result"}},
	{"internal/dpdk", []string{"internal/dpdk", "internal/kernel"}},
	{"internal/dataplane", []string{"internal/dpdk", "lib"}},
	{"internal/traffic", []string{"internal/bench", "internal/dataplane", "internal/dpdk", "internal/kernel", "internal/machine", "internal/result", "lib"}},
	{"internal/cli", []string{"internal", "lib"}},
	{"cmd", []string{"internal/cli"}},
}

// testHelpers are what every test may import.
var testHelpers = []string{"lib/podnet/podnettest", "internal/schematest"}

func below(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

func TestImportsPointDown(t *testing.T) {
	used := make(map[string]bool)
	for path, p := range list(t, "./...") {
		path := strings.TrimPrefix(path, module)
		i := -1
		for j, r := range rules {
			if below(path, r.from) && (i < 0 || len(r.from) > len(rules[i].from)) {
				i = j
			}
		}
		if i < 0 {
			continue
		}
		used[rules[i].from] = true
		tests := slices.DeleteFunc(slices.Concat(p.TestImports, p.XTestImports), func(imported string) bool {
			return slices.Contains(testHelpers, strings.TrimPrefix(imported, module))
		})
		for _, imported := range slices.Concat(p.Imports, tests) {
			to, ours := strings.CutPrefix(imported, module)
			if ours && to != path && !slices.ContainsFunc(rules[i].to, func(dir string) bool { return below(to, dir) }) {
				t.Errorf("%s imports %s: below %s only %q may be imported", path, to, rules[i].from, rules[i].to)
			}
		}
	}
	for _, r := range rules {
		if !used[r.from] {
			t.Errorf("no package is below %s: the rule is out of date", r.from)
		}
	}
}

func TestLibraryIsLight(t *testing.T) {
	packages := list(t, "./lib/...")
	if len(packages) < 5 {
		t.Fatalf("go list ./lib/... gives %d packages: too few for this test to mean anything", len(packages))
	}
	for path, p := range packages {
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s has cgo: %q", path, p.CgoFiles)
		}
		for _, dep := range p.Deps {
			if below(dep, module+"internal/kernel") {
				continue
			}
			for _, heavy := range []string{
				"k8s.io/client-go", "k8s.io/api", "github.com/gopacket/gopacket", "github.com/prometheus", module + "internal", module + "cmd",
			} {
				if below(dep, heavy) {
					t.Errorf("%s depends on %s", path, dep)
				}
			}
		}
	}
}
