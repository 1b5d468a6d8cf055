//go:build capi

package capi

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// original is app-netutil's C library, built once from the module that test/parity pins,
// with its header beside it, and the directory of the module.
var original = sync.OnceValues(func() (dirs [2]string, err error) {
	dirs[0] = filepath.Join(scratch, "original")
	build := exec.Command("go", "build", "-C", "../parity", "-buildmode=c-shared",
		"-o", filepath.Join(dirs[0], "libnetutil_api.so"), "github.com/openshift/app-netutil/c_api")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		return dirs, fmt.Errorf("app-netutil: %w\n%s", err, out)
	}
	out, err := exec.Command("go", "list", "-C", "../parity", "-m", "-f", "{{.Dir}}", "github.com/openshift/app-netutil").Output()
	dirs[1] = strings.TrimSpace(string(out))
	return dirs, err
})

func buildOriginal(t *testing.T) (library, module string) {
	t.Helper()
	dirs, err := original()
	if err != nil {
		t.Fatal(err)
	}
	return dirs[0], dirs[1]
}

// TestLayout: every struct has the size, and every member the place and the size, that it
// has in app-netutil's header; every constant has its value.
func TestLayout(t *testing.T) {
	library, _ := buildOriginal(t)
	header, err := os.ReadFile(filepath.Join(library, "libnetutil_api.h"))
	if err != nil {
		t.Fatal(err)
	}
	program := layoutProgram(t, string(header))
	var printed [2]string
	for n, dir := range []string{library, "../../capi/netutil"} {
		binary := filepath.Join(t.TempDir(), "layout")
		must(t, "gcc", "-o", binary, "-I"+dir, program)
		printed[n] = must(t, binary)
	}
	if diff := cmp.Diff(printed[0], printed[1]); diff != "" || !strings.Contains(printed[0], "struct InterfaceData") {
		t.Errorf("layout (-app-netutil +podnet):\n%s", diff)
	}
	t.Logf("%d lines", strings.Count(printed[0], "\n"))
}

// layoutProgram writes a program that prints the layout of the header's structs.
func layoutProgram(t *testing.T, header string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("#include <stddef.h>\n#include <stdio.h>\n#include \"libnetutil_api.h\"\nint main(void) {\n")
	member := regexp.MustCompile(`(\w+)(?:\[\w+\])?;`)
	structs := regexp.MustCompile(`(?s)\nstruct (\w+) \{\n(.*?)\n\};`).FindAllStringSubmatch(header, -1)
	for _, s := range structs {
		fmt.Fprintf(&b, "printf(\"struct %s %%zu\\n\", sizeof(struct %s));\n", s[1], s[1])
		for _, m := range member.FindAllStringSubmatch(s[2], -1) {
			fmt.Fprintf(&b, "printf(\"\\t%s %%zu %%zu\\n\", offsetof(struct %s, %s), sizeof(((struct %s *)0)->%s));\n", m[1], s[1], m[1], s[1], m[1])
		}
	}
	constants := regexp.MustCompile(`(?m)^#define ((?:NETUTIL|LOG)_\w+) +\d+`).FindAllStringSubmatch(header, -1)
	for _, c := range constants {
		fmt.Fprintf(&b, "printf(\"%s %%d\\n\", %s);\n", c[1], c[1])
	}
	if len(structs) != 15 || len(constants) != 28 {
		t.Fatalf("%d structs and %d constants in app-netutil's header", len(structs), len(constants))
	}
	// The sizes of the functions' results.
	b.WriteString("printf(\"%zu\\n\", sizeof(GetCPUInfo(0)) + sizeof(GetHugepages(0)) + sizeof(GetInterfaces(0)) + sizeof(SetConfig(0)));\nreturn 0; }\n")
	file := filepath.Join(t.TempDir(), "layout.c")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestUnmodifiedSample: app-netutil's C sample prints the same of a pod with app-netutil's
// library, with podnet's library in its place without a new build, and when it is compiled
// and linked against podnet's.
func TestUnmodifiedSample(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the sample reads /etc/podnetinfo, which takes root to lay out")
	}
	library, module := buildOriginal(t)
	ours := filepath.Join(prefix, "lib")
	s := podnettest.Load(t, "../parity/testdata/sample.txtar")
	sources := []string{filepath.Join(module, "c_api/c_util/c_util.c"), filepath.Join(module, "samples/c_app/app_sample.c")}
	sample := func(include, lib string) string {
		program := filepath.Join(t.TempDir(), "sample")
		args := append([]string{"-Wall", "-Werror", "-o", program, "-I" + include, "-I" + filepath.Join(module, "c_api/c_util")}, sources...)
		must(t, "gcc", append(args, "-L"+lib, "-lnetutil_api")...)
		return program
	}
	theirs := sample(library, library)
	want := inPod(t, s, theirs, library)
	if !strings.Contains(want, "Interface[5]") || !strings.Contains(want, "PCIAddress=0000:3b:02.6") || !strings.Contains(want, "Limit: 1G=2048") {
		t.Fatalf("app-netutil prints\n%s", want)
	}
	for name, got := range map[string]string{
		"podnet's library in the place of app-netutil's": inPod(t, s, theirs, ours),
		"compiled against podnet's":                      inPod(t, s, sample(filepath.Join(prefix, "include"), ours), ours),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-app-netutil +podnet):\n%s", name, diff)
		}
	}
}

// inPod runs a program in a mount namespace with the scenario's volume at /etc/podnetinfo,
// and with a cgroup of version 1, which app-netutil reads.
func inPod(t *testing.T, s *podnettest.Scenario, program, library string) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"tmp", "etc", "cgroup/cpuset"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "cp", "-a", filepath.Join(s.Root, "etc/podnetinfo"), filepath.Join(dir, "etc/podnetinfo"))
	must(t, "cp", program, filepath.Join(dir, "tmp/program"))
	must(t, "cp", filepath.Join(library, "libnetutil_api.so"), helper, filepath.Join(dir, "tmp"))
	const script = `
		sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status >"$1/cgroup/cpuset/cpuset.cpus"
		mount --bind "$1/cgroup" /sys/fs/cgroup
		mount --bind "$1/etc" /etc
		mount --bind "$1/tmp" /tmp
		shift
		exec env -i LD_LIBRARY_PATH=/tmp PODNET_HELPER=/tmp/podnet "$@" /tmp/program 2>/dev/null`
	args := append([]string{"--mount", "sh", "-eu", "-c", script, "sh", dir}, s.Environ...)
	return must(t, "unshare", args...)
}
