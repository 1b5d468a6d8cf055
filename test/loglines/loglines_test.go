//go:build !nodpdk

// Package loglines checks that the lines of DPDK's log that lib/check recognizes are in the
// libraries of this machine's DPDK. It does not test what lib/check concludes from a line:
// lib/check does. It has one file.
package loglines

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFormats looks in the libraries for each line that lib/check lists for this release.
// A line that it does not list for this release must not be there.
func TestFormats(t *testing.T) {
	release := pkgConfig(t, "--modversion")
	if parts := strings.Split(release, "."); len(parts) > 2 {
		release = strings.Join(parts[:2], ".")
	}
	programs := binaries(t)
	text, err := os.ReadFile("../../lib/check/testdata/lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	here := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		has := slices.ContainsFunc(programs, func(p []byte) bool {
			return bytes.Contains(p, []byte(f[3]+"\n")) || bytes.Contains(p, []byte(f[3]+"\x00"))
		})
		if want := slices.Contains(strings.Split(f[2], ","), release); has != want {
			t.Errorf("DPDK %s has %q: %v, want %v", release, f[3], has, want)
		}
		if has {
			here++
		}
	}
	t.Logf("DPDK %s has %d of the lines", release, here)
}

func pkgConfig(t *testing.T, variable string) string {
	t.Helper()
	out, err := exec.Command("pkg-config", variable, "libdpdk").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// binaries are DPDK's libraries and drivers, and testpmd.
func binaries(t *testing.T) [][]byte {
	t.Helper()
	lib := pkgConfig(t, "--variable=libdir")
	files := []string{"/usr/bin/dpdk-testpmd"}
	for _, pattern := range []string{"librte_*.so.*", "dpdk/pmds-*/librte_*.so"} {
		found, err := filepath.Glob(filepath.Join(lib, pattern))
		if err != nil || len(found) < 10 {
			t.Fatalf("%s in %s: %d files, %v", pattern, lib, len(found), err)
		}
		files = append(files, found...)
	}
	var all [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}
