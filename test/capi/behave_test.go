//go:build capi

package capi

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// behaveEnv is the environment in which the library finds its helper.
func behaveEnv() []string { return []string{"PODNET_HELPER=" + helper} }

// TestBehaves runs testdata/behave.c in each of its circumstances, against the shared
// library.
func TestBehaves(t *testing.T) {
	program := link(t, "behave.c")
	for _, name := range []string{
		"many", "ignored", "handler", "sibling", "closed", "exhausted", "cancel", "canceled-thread", "eight", "readers", "timeout", "arguments",
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{program, name}
			if name == "exhausted" {
				args = append([]string{"prlimit", "--nofile=64"}, args...)
			}
			runs(t, behaveEnv(), args[0], args[1:]...)
		})
	}
}

// Several threads at once run under the thread sanitizer. The other sanitizers watch calls
// with invalid arguments.
func TestBehavesUnderSanitizers(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		cases []string
	}{
		{[]string{"-fsanitize=thread"}, []string{"eight", "readers", "cancel"}},
		{sanitizers, []string{"arguments", "closed", "ignored", "timeout"}},
	} {
		program := compile(t, "gcc", append(slices.Clone(tt.flags), `-DPODNET_VERSION="0.0.0"`, "behave.c")...)
		for _, name := range tt.cases {
			t.Run(tt.flags[0]+"/"+name, func(t *testing.T) {
				runs(t, behaveEnv(), program, name)
			})
		}
	}
}

func TestUnloads(t *testing.T) {
	// It is not linked to the libraries itself.
	alone := filepath.Join(t.TempDir(), "alone")
	must(t, "gcc", append([]string{"-std=c99", "-D_DEFAULT_SOURCE", "-o", alone, "testdata/dlopen.c", "-ldl"}, "-Wall", "-Wextra", "-Werror")...)
	runs(t, behaveEnv(), alone, filepath.Join(prefix, "lib/libpodnet.so.0"), filepath.Join(prefix, "lib/libnetutil_api.so"))
}

// TestValgrind looks for leaks of memory and of descriptors.
func TestValgrind(t *testing.T) {
	program := link(t, "ask.c", "dump.c")
	s := podnettest.Load(t, "../../lib/podnet/testdata/vdpa_with_all_members.txtar")
	j := job{Helper: helper, Root: s.Root, Env: s.Environ, EAL: &ealJob{}}
	log := filepath.Join(t.TempDir(), "log")
	wrapper := filepath.Join(t.TempDir(), "wrapped")
	script := "#!/bin/sh\nexec valgrind -q --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all --track-fds=yes --error-exitcode=9 --log-file=" + log + " " + program + "\n"
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, wrapper, nil, j, job{Helper: "/nonexistent"}, j); got[0].Error.Result != resultOK || got[1].Error.Result != resultNoHelper {
		t.Errorf("errors %+v, %+v", got[0].Error, got[1].Error)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	// Valgrind lists the descriptors that are open at the end. Only the standard ones and
	// its own log may be.
	for _, block := range strings.Split(string(text), "Open ")[1:] {
		if strings.Contains(block, "<inherited from parent>") || strings.HasPrefix(block, "file descriptor 0:") {
			continue
		}
		t.Errorf("left open: %s", block)
	}
	if strings.Contains(string(text), "lost") || strings.Contains(string(text), "still reachable") {
		t.Errorf("valgrind:\n%s", text)
	}
}

// nobody runs a program as an unprivileged user.
func nobody(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		return exec.CommandContext(t.Context(), args[0], args[1:]...)
	}
	return exec.CommandContext(t.Context(), "setpriv", append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"}, args...)...)
}

func TestUnprivileged(t *testing.T) {
	program := link(t, "behave.c")
	for _, name := range []string{"closed", "readers", "cancel"} {
		cmd := nobody(t, program, name)
		cmd.Env = append(os.Environ(), behaveEnv()...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// A helper in a directory that the user may not enter does not count as missing.
func TestLockedHelper(t *testing.T) {
	locked := filepath.Join(scratch, "locked")
	if err := os.Mkdir(locked, 0); err != nil {
		t.Fatal(err)
	}
	cmd := nobody(t, link(t, "version.c"))
	cmd.Env = append(os.Environ(), "PODNET_HELPER="+locked+"/podnet")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "may not search a directory of the path") {
		t.Errorf("%v: %s", err, out)
	}
}
