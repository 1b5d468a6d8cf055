//go:build capi

package capi

import (
	"debug/elf"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the dump of the ABI, or the reference; read every change")

// TestHeaders: a program that includes the headers, and initializes the options as their
// comments say, compiles as C and as C++ without a warning.
func TestHeaders(t *testing.T) {
	const program = `
#include "podnet.h"
#include "libnetutil_api.h"

int main(void)
{
	struct podnet_options options = PODNET_OPTIONS_INIT;
	struct podnet_eal_options eal_options = PODNET_EAL_OPTIONS_INIT;
	struct AppNetutilConfig config;

	config.log.stderr = 1;
	return options.timeout_ms + eal_options.queues + (int)config.log.stderr - 1;
}
`
	for _, tt := range []struct{ compiler, standard, ending string }{
		{"gcc", "c99", ".c"},
		{"gcc", "c17", ".c"},
		{"clang", "c99", ".c"},
		{"g++", "c++17", ".cc"},
		{"g++", "c++11", ".cc"},
		{"clang++", "c++17", ".cc"},
	} {
		t.Run(tt.compiler+" "+tt.standard, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "program"+tt.ending)
			if err := os.WriteFile(file, []byte(program), 0o644); err != nil {
				t.Fatal(err)
			}
			must(t, tt.compiler, append([]string{"-std=" + tt.standard, "-Wshadow", "-Wconversion", "-c", "-o", "/dev/null", "-I" + filepath.Join(prefix, "include"), file}, warnings...)...)
		})
	}
}

// TestExports: the libraries export their functions and nothing else, and ask for no
// thread, no executable stack and no library but jansson and libc.
func TestExports(t *testing.T) {
	for name, want := range map[string]struct {
		soname, version string
		is              func(symbol string) bool
		atLeast         int
	}{
		"libpodnet.so.0": {"libpodnet.so.0", "PODNET_1.0", func(s string) bool { return strings.HasPrefix(s, "podnet_") }, 150},
		"libnetutil_api.so": {"libnetutil_api.so", "", func(s string) bool {
			return slices.Contains([]string{"GetCPUInfo", "GetHugepages", "GetInterfaces", "SetConfig", "NetutilFreeHugepages", "NetutilFreeInterfaces"}, s)
		}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := elf.Open(filepath.Join(prefix, "lib", name))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if soname, err := file.DynString(elf.DT_SONAME); err != nil || len(soname) != 1 || soname[0] != want.soname {
				t.Errorf("SONAME %q: %v", soname, err)
			}
			if libraries, err := file.ImportedLibraries(); err != nil || !slices.Equal(slices.Sorted(slices.Values(libraries)), []string{"libc.so.6", "libjansson.so.4"}) {
				t.Errorf("needs %q: %v", libraries, err)
			}
			symbols, err := file.DynamicSymbols()
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for _, s := range symbols {
				if s.Section == elf.SHN_UNDEF || elf.ST_TYPE(s.Info) != elf.STT_FUNC {
					continue
				}
				count++
				if !want.is(s.Name) || s.Version != want.version {
					t.Errorf("exports %s@%s", s.Name, s.Version)
				}
			}
			if count < want.atLeast {
				t.Errorf("%d functions, want %d", count, want.atLeast)
			}
		})
	}
}

// The dump of the ABI that programs were built against, and the list of differences that
// programs cannot notice.
const abi, private = "../../capi/abi/libpodnet.abi", "../../capi/abi/private.suppr"

// abidiff compares a library with the dump.
func abidiff(library string) (string, error) {
	out, err := exec.Command("abidiff", "--suppressions", private, abi, library).CombinedOutput()
	return string(out), err
}

// TestABI: programs that were built against the dump's library run with this one.
func TestABI(t *testing.T) {
	library := filepath.Join(prefix, "lib/libpodnet.so.0")
	if *update {
		must(t, "abidw", "--suppressions", private, "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--out-file", abi, library)
		return
	}
	if out, err := abidiff(library); err != nil {
		t.Errorf("the ABI differs from %s: %v\n%s\nIf functions or members were only added, run go test -tags capi ./test/capi -run ABI -update. Otherwise programs break: give the library another SONAME.", abi, err, out)
	}
}

// TestABISeesChanges: the comparison finds a moved member and a missing function.
func TestABISeesChanges(t *testing.T) {
	for name, script := range map[string]string{
		"member":   `s|const char \*podinfo; .*|int podinfo; const char *other;|`,
		"function": `/podnet_strerror/d`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, "cp", "-r", "../../capi", dir)
			must(t, "sed", "-i", script, filepath.Join(dir, "capi/podnet.h"))
			if name == "member" {
				must(t, "sed", "-i", "/o.podinfo/s/o.podinfo/o.other/", filepath.Join(dir, "capi/context.c"))
			} else {
				must(t, "sed", "-i", "s/^const char .podnet_strerror/__attribute__((visibility(\"hidden\"))) &/", filepath.Join(dir, "capi/error.c"))
				must(t, "sed", "-i", "1a const char *podnet_strerror(int result);", filepath.Join(dir, "capi/internal.h"))
			}
			must(t, "make", "-C", filepath.Join(dir, "capi"), "BUILD="+dir, filepath.Join(dir, "libpodnet.so.0"))
			if out, err := abidiff(filepath.Join(dir, "libpodnet.so.0")); err == nil {
				t.Errorf("not seen\n%s", out)
			}
		})
	}
}
