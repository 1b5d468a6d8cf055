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
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	assignment := regexp.MustCompile(`(?s)\nDPDK_PACKAGES := (.*?[^\\])\n`).FindSubmatch(makefile)
	if assignment == nil {
		t.Fatal("Makefile: no DPDK_PACKAGES")
	}
	var listed []string
	for word := range strings.FieldsSeq(strings.ReplaceAll(string(assignment[1]), "\\\n", " ")) {
		listed = append(listed, module+strings.TrimSuffix(strings.TrimPrefix(word, "./"), "/..."))
	}

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
