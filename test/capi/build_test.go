//go:build capi

// Package capi tests the C libraries as programs use them: it compiles programs against
// the libraries, gives them the pods of the library's scenarios, and compares their
// answers with podnet's. It does not test how podnet resolves a pod: lib/podnet does.
// Start with corpus_test.go; testdata/ask.c is the program.
package capi

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What TestMain builds.
var (
	helper  string // podnet
	prefix  string // where the libraries are installed
	scratch string // for programs, readable for everybody
)

// libraryFlags compile the library's sources and what a test adds.
var libraryFlags = []string{"-std=c99", "-D_DEFAULT_SOURCE", "-D_POSIX_C_SOURCE=200809L", "-g", "-pthread", "-I../../capi", "-Itestdata"}

// warnings are those under which everything has to compile.
var warnings = []string{"-Wall", "-Wextra", "-Wpedantic", "-Werror"}

// sanitizers find accesses outside of objects, undefined behavior, and leaks.
var sanitizers = []string{"-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"}

func TestMain(m *testing.M) {
	code, err := setUp(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func setUp(run func() int) (int, error) {
	dir, err := os.MkdirTemp("", "podnet-capi-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return 0, err
	}
	scratch, prefix = dir, filepath.Join(dir, "usr")
	helper = filepath.Join(prefix, "bin/podnet")
	if out, err := exec.Command("../../scripts/build-podnet.sh", filepath.Join(dir, "podnet")).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("podnet: %w\n%s", err, out)
	}
	install := exec.Command("make", "--no-print-directory", "-C", "../../capi", "install",
		"PREFIX="+prefix, "BUILD="+filepath.Join(dir, "build"), "HELPER="+filepath.Join(dir, "podnet"), "VERSION=0.0.0")
	install.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	if out, err := install.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("capi: %w\n%s", err, out)
	}
	return run(), nil
}

// must runs a command that has to succeed, and gives what it prints.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, &stderr)
	}
	return string(out)
}

// sources are the C files of a directory of capi.
func sources(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../capi", dir, "*.c"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no C files in capi/%s: %v", dir, err)
	}
	return files
}

// compile makes a program of the library's sources and files of testdata, and gives its
// path. Arguments that begin with '-' are flags. Tests that want the same get the same.
func compile(t *testing.T, cc string, args ...string) string {
	t.Helper()
	key := fmt.Sprint(cc, args)
	if program, ok := programs[key]; ok {
		return program
	}
	program := filepath.Join(scratch, fmt.Sprint("program-", len(programs)))
	all := append([]string{"-DPODNET_LIBEXECDIR=\"/nonexistent\"", "-o", program}, libraryFlags...)
	all = append(append(all, inTestdata(args)...), sources(t, "")...)
	must(t, cc, append(append(all, warnings...), "-ljansson")...)
	programs[key] = program
	return program
}

// programs are those that compile has made.
var programs = map[string]string{}

// inTestdata gives arguments of a compiler with files where they are.
func inTestdata(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		if !strings.HasPrefix(arg, "-") && !strings.Contains(arg, "/") {
			args[i] = filepath.Join("testdata", arg)
		}
	}
	return args
}

// link makes a program of files of testdata and the installed shared library, as users
// do, and puts it where every user may run it.
func link(t *testing.T, args ...string) string {
	t.Helper()
	t.Setenv("PKG_CONFIG_PATH", filepath.Join(prefix, "lib/pkgconfig"))
	dir, err := os.MkdirTemp(scratch, "link-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "program")
	all := []string{"-std=c99", "-D_DEFAULT_SOURCE", "-D_POSIX_C_SOURCE=200809L", "-g", "-Itestdata", "-o", program}
	all = append(all, inTestdata(args)...)
	all = append(all, strings.Fields(must(t, "pkg-config", "--cflags", "--libs", "podnet", "jansson"))...)
	must(t, "gcc", append(append(all, warnings...), "-pthread", "-Wl,-rpath,"+filepath.Join(prefix, "lib"))...)
	return program
}

// runs runs a program with more variables in its environment, and gives what it prints.
// Every test is over long before patience ends.
func runs(t *testing.T, env []string, program string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = &stderr
	cmd.WaitDelay = patience
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", program, args, err, out, &stderr)
	}
	if stderr.Len() > 0 {
		t.Errorf("%s %q wrote to standard error:\n%s", program, args, &stderr)
	}
	return string(out)
}

const patience = 2 * time.Minute

// TestInstall: make installs below a relative DESTDIR, which counts from the directory in
// which make was called. It does not install a library that would look for its helper in
// the current directory.
func TestInstall(t *testing.T) {
	makes := func(args ...string) (string, error) {
		cmd := exec.Command("make", append([]string{"--no-print-directory", "-n", "-o", "capi", "install"}, args...)...)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(root, "stage/usr/lib/pkgconfig")
	if out, err := makes("DESTDIR=stage", "PREFIX=/usr"); err != nil || !strings.Contains(out, want) {
		t.Errorf("%v: no %s in\n%s", err, want, out)
	}
	if out, err := makes("PREFIX=usr"); err == nil || !strings.Contains(out, "PREFIX=usr: give an absolute path") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestDist: a program that is built elsewhere works with the tarball of the installed
// files; the other tarball has the sources. A second run makes the same two tarballs.
func TestDist(t *testing.T) {
	dir := t.TempDir()
	dist := func(to string) string {
		cmd := exec.Command("../../scripts/dist.sh", "v1.2.3", to, "sources", "capi")
		cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=", "PREFIX=/usr", "BUILD="+filepath.Join(dir, "build"), "HELPER="+helper)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	sums := dist(filepath.Join(dir, "a"))
	if again := dist(filepath.Join(dir, "b")); again != sums || strings.Count(sums, "podnet-v1.2.3") != 2 {
		t.Errorf("two runs give\n%s%s", sums, again)
	}
	sources := must(t, "tar", "-tzf", filepath.Join(dir, "a/podnet-v1.2.3.tar.gz"))
	for _, name := range []string{"Makefile", "go.mod", "capi/podnet.h", "scripts/build-podnet.sh"} {
		if !strings.Contains(sources, "podnet-v1.2.3/"+name+"\n") {
			t.Errorf("no %s in the sources", name)
		}
	}
	archives, err := filepath.Glob(filepath.Join(dir, "a/podnet-v1.2.3-linux-*.tar.gz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("%v, %v", archives, err)
	}
	root := filepath.Join(dir, "root")
	must(t, "mkdir", root)
	must(t, "tar", "-C", root, "-xzf", archives[0])
	t.Setenv("PKG_CONFIG_PATH", filepath.Join(root, "usr/lib/pkgconfig"))
	if version := strings.TrimSpace(must(t, "pkg-config", "--modversion", "podnet")); version != "1.2.3" {
		t.Errorf("pkg-config calls the version %q", version)
	}
	program := filepath.Join(dir, "program")
	must(t, "gcc", "-static", "-o", program, "-I"+filepath.Join(root, "usr/include"), "testdata/version.c",
		"-L"+filepath.Join(root, "usr/lib"), "-lpodnet", "-ljansson", "-pthread")
	if out := runs(t, []string{"PATH=" + filepath.Join(root, "usr/libexec/podnet")}, program); out != "v1.2.3\n" {
		t.Errorf("the program prints %q", out)
	}
}
