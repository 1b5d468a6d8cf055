// Package layers checks the imports of the project's packages against the layers that
// rooms_test.go lists: imports point down only, and the library brings neither cgo nor a
// Kubernetes client. It does not check the code inside a package. CONTRIBUTING shows the
// same list. Start with rooms_test.go.
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

// pkg is a package as go list describes it.
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

// below reports whether path is dir or is inside it.
func below(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

// anyBelow is below for several directories.
func anyBelow(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return below(path, dir) })
}

// roomOf is the room of a package: of those that it is inside, the innermost.
func roomOf(path string) (found *room) {
	for i := range rooms {
		if r := &rooms[i]; below(path, r.dir) && (found == nil || len(r.dir) > len(found.dir)) {
			found = r
		}
	}
	return found
}

// allows reports whether a package of the room may import another.
func (r *room) allows(path, to string) bool {
	return path == to || anyBelow(to, r.imports) || !r.apart && roomOf(to) == r
}

func TestImportsPointDown(t *testing.T) {
	used := make(map[string]bool)
	for path, p := range list(t, "./...") {
		path := strings.TrimPrefix(path, module)
		if below(path, "test") {
			continue
		}
		r := roomOf(path)
		if r == nil {
			t.Errorf("%s is in no room: add one to the list in rooms_test.go", path)
			continue
		}
		used[r.dir] = true
		tests := slices.DeleteFunc(slices.Concat(p.TestImports, p.XTestImports), func(imported string) bool {
			return slices.Contains(testHelpers, strings.TrimPrefix(imported, module))
		})
		// Examples of the library show its packages together.
		tests = slices.DeleteFunc(tests, func(imported string) bool {
			return below(path, "lib") && below(imported, module+"lib") && slices.Contains(p.XTestImports, imported)
		})
		for _, imported := range slices.Concat(p.Imports, tests) {
			if to, ours := strings.CutPrefix(imported, module); ours && !r.allows(path, to) {
				t.Errorf("%s imports %s: in %s only %q may be imported", path, to, r.dir, r.imports)
			}
		}
	}
	for _, r := range rooms {
		if !used[r.dir] {
			t.Errorf("no package is in %s: the list is out of date", r.dir)
		}
	}
}

// A list in this order has no circle.
func TestRoomsAreInOrder(t *testing.T) {
	for i, r := range rooms {
		for _, dir := range r.imports {
			if slices.ContainsFunc(rooms[:i+1], func(above room) bool { return above.dir == dir }) ||
				!slices.ContainsFunc(rooms[i+1:], func(under room) bool { return below(dir, under.dir) }) {
				t.Errorf("%s imports %s, which does not stand below it", r.dir, dir)
			}
		}
	}
}

func TestModulesStayInTheirRooms(t *testing.T) {
	for path, p := range list(t, "./...") {
		path := strings.TrimPrefix(path, module)
		if below(path, "test") {
			continue
		}
		for _, dep := range p.Deps {
			for mod, allowed := range banned {
				if below(dep, mod) && !anyBelow(path, allowed) {
					t.Errorf("%s depends on %s", path, dep)
				}
			}
		}
		if len(p.CgoFiles) > 0 && !below(path, "internal/dpdk") {
			t.Errorf("%s has cgo: %q", path, p.CgoFiles)
		}
	}
}

// A program that imports internal/cli alone links neither DPDK nor the code that measures.
func TestCLIIsLight(t *testing.T) {
	const cli, measure, wrapper = module + "internal/cli", module + "internal/cli/measure", module + "cmd/testpmd-wrapper"
	packages := list(t, "./...")
	if !slices.Contains(packages[cli].Deps, module+"lib/podnet") || !slices.Contains(packages[wrapper].Deps, module+"internal/dpdk") {
		t.Fatalf("this test means nothing: %s depends on %q", cli, packages[cli].Deps)
	}
	for _, dep := range packages[cli].Deps {
		if to, ours := strings.CutPrefix(dep, module); ours && !anyBelow(to, []string{"lib", "internal/kernel", "internal/outfile", "internal/rundir", "internal/privilege"}) {
			t.Errorf("%s depends on %s", cli, dep)
		}
	}
	for path, p := range packages {
		if slices.Contains(p.Imports, measure) && path != wrapper {
			t.Errorf("%s imports %s", path, measure)
		}
	}
}
