package layers

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDPDKPackages wants each package in the Makefile's DPDK_PACKAGES that a build
// with DPDK changes: by its imports, or by files of its own.
func TestDPDKPackages(t *testing.T) {
	listed := makefilePackages(t, "DPDK_PACKAGES")
	const binding = module + "internal/dpdk"
	packages := list(t, "./...")
	depends := func(path string) bool {
		return path == binding || slices.Contains(packages[path].Deps, binding)
	}
	n := 0
	for path, p := range packages {
		imports := slices.Concat(p.TestImports, p.XTestImports)
		if !depends(path) && !slices.ContainsFunc(imports, depends) && !constrained(t, strings.TrimPrefix(path, module)) {
			continue
		}
		if n++; !anyBelow(path, listed) {
			t.Errorf("Makefile: %s is not in DPDK_PACKAGES, and a build with DPDK changes it or its tests", path)
		}
	}
	if n < len(listed) {
		t.Errorf("Makefile: of %d DPDK_PACKAGES, DPDK changes %d", len(listed), n)
	}
}

// TestFullSize wants each package in the Makefile's FULL_SIZE whose tests ask for the race
// detector: test-unit runs all packages under it.
func TestFullSize(t *testing.T) {
	listed := makefilePackages(t, "FULL_SIZE")
	var asking []string
	for path, p := range list(t, "./...") {
		if slices.Contains(slices.Concat(p.TestImports, p.XTestImports), module+"internal/racetest") {
			asking = append(asking, path)
		}
	}
	slices.Sort(asking)
	slices.Sort(listed)
	if !slices.Equal(asking, listed) {
		t.Errorf("Makefile: FULL_SIZE has %q, and the tests of %q import internal/racetest", listed, asking)
	}
}

// makefilePackages gives the import paths of the packages in a variable of the Makefile.
func makefilePackages(t *testing.T, variable string) (paths []string) {
	t.Helper()
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	assignment := regexp.MustCompile(`(?s)\n` + variable + ` := (.*?[^\\])\n`).FindSubmatch(makefile)
	if assignment == nil {
		t.Fatalf("Makefile: no %s", variable)
	}
	for word := range strings.FieldsSeq(strings.ReplaceAll(string(assignment[1]), "\\\n", " ")) {
		paths = append(paths, module+strings.TrimSuffix(strings.TrimPrefix(word, "./"), "/..."))
	}
	return paths
}

// constrained tells whether a build constraint of the directory's files names the tag nodpdk.
func constrained(t *testing.T, dir string) bool {
	t.Helper()
	entries, err := os.ReadDir("../../" + dir)
	if err != nil {
		t.Fatal(err)
	}
	constraint := regexp.MustCompile(`(?m)^//go:build .*nodpdk`)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		source, err := os.ReadFile("../../" + dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if constraint.Match(source) {
			return true
		}
	}
	return false
}
