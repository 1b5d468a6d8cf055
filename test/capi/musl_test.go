//go:build capi

package capi

import (
	"debug/elf"
	"path/filepath"
	"strings"
	"testing"
)

// muslProgram makes a static program of the library's sources, jansson and musl.
func muslProgram(t *testing.T, args ...string) string {
	t.Helper()
	jansson := strings.TrimSpace(must(t, "../../scripts/jansson-musl.sh"))
	program := compile(t, "musl-gcc", append([]string{"-static", "-I" + filepath.Join(jansson, "include"), "-L" + filepath.Join(jansson, "lib")}, args...)...)
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 || file.Section(".interp") != nil {
		t.Fatalf("not static: needs %q", libraries)
	}
	return program
}

// TestMusl: the static program answers alike, and behaves in every circumstance.
func TestMusl(t *testing.T) {
	t.Run("corpus", func(t *testing.T) {
		all := scenarios(t)
		for name := range all { // musl's share is small: every scenario of some letters
			if !strings.ContainsAny(name[:1], "chmv") {
				delete(all, name)
			}
		}
		checkCorpus(t, muslProgram(t, "ask.c", "dump.c"), all)
	})
	behave := muslProgram(t, `-DPODNET_VERSION="0.0.0"`, "behave.c")
	for _, name := range []string{"ignored", "handler", "sibling", "closed", "cancel", "canceled-thread", "eight", "readers", "timeout", "arguments"} {
		t.Run(name, func(t *testing.T) { runs(t, behaveEnv(), behave, name) })
	}
	t.Run("descriptors", func(t *testing.T) {
		hostile, _, _ := hostileHelper(t)
		got := ask(t, muslProgram(t, "ask.c", "dump.c"), nil, job{Helper: hostile})[0].Error
		if !strings.HasSuffix(got.Text, "fds= 0 1 2") {
			t.Errorf("the helper has %q", got.Text)
		}
	})
	// app-netutil's sample, whose struct has a member by the name of musl's macro (row C5).
	t.Run("sample of app-netutil", func(t *testing.T) {
		_, module := buildOriginal(t)
		muslProgram(t, "-Wno-error", "-w", "-I../../capi/netutil", "-I"+filepath.Join(module, "c_api/c_util"), "../../capi/netutil/netutil.c",
			filepath.Join(module, "c_api/c_util/c_util.c"), filepath.Join(module, "samples/c_app/app_sample.c"))
	})
}
