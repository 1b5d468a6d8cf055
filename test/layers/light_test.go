package layers

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// heavy are the modules that a program would get with the Kubernetes client
// library's types, for a few structs.
var heavy = []string{
	"k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go", "k8s.io/klog",
	"github.com/gogo/protobuf", "github.com/google/gofuzz", "github.com/json-iterator/go",
	"sigs.k8s.io/structured-merge-diff", "github.com/k8snetworkplumbingwg/network-attachment-definition-client",
}

// needs are the modules that lib/podnet depends on, without the application's. Everybody
// who imports the library gets each of them, so a further one needs a reason.
var needs = []string{
	"github.com/cyphar/filepath-securejoin",
	"github.com/fsnotify/fsnotify",
	"github.com/go-json-experiment/json",
	"golang.org/x/sys",
	"k8s.io/utils",
}

// TestAnImporterIsLight makes a module that imports lib/podnet and nothing else,
// as a stranger would, and looks at the modules and packages that it gets.
func TestAnImporterIsLight(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "main.go", `package main

import (
	"context"
	"fmt"

	"`+module+`lib/podnet"
)

func main() { fmt.Println(podnet.Discover(context.Background(), podnet.Options{})) }
`)
	ours := strings.TrimSuffix(module, "/")
	write(t, dir, "go.mod", "module example.com/cnf\n\ngo 1.26.0\n\nreplace "+ours+" => "+root+"\n")
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "go.sum", string(sums)) // saves the checksum database's answers

	// -e lets it go on, offline, without the tests of the modules that we import:
	// these are in no importer's go.mod. The build shows that nothing else is missing.
	run(t, dir, "go", "mod", "tidy", "-e")
	run(t, dir, "go", "build", "-o", filepath.Join(dir, "cnf"), ".")
	var mod struct{ Require []struct{ Path string } }
	if err := json.Unmarshal([]byte(run(t, dir, "go", "mod", "edit", "-json")), &mod); err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, r := range mod.Require {
		if r.Path != ours {
			modules = append(modules, r.Path)
		}
	}
	if slices.Sort(modules); !slices.Equal(modules, needs) {
		t.Errorf("an importer's go.mod requires %q, not %q", modules, needs)
	}

	packages := strings.Fields(run(t, dir, "go", "list", "-deps", "."))
	if !slices.Contains(packages, module+"lib/podnet") {
		t.Fatalf("go list -deps gives %d packages, and lib/podnet is not one of them", len(packages))
	}
	t.Logf("%d modules beside ours, %d packages with the standard library's", len(modules), len(packages))
	for _, p := range packages {
		if isHeavy(p) {
			t.Errorf("an importer gets %s", p)
		}
	}
}

// isHeavy reports whether a package is of one of the heavy modules, whatever its
// major version.
func isHeavy(path string) bool {
	return slices.ContainsFunc(heavy, func(module string) bool { return below(path, module) })
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run gives a command's standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}
