//go:build unix

package rootfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// tree makes a directory with a root in it and a secret beside that.
func tree(t *testing.T) (rootfs.FS, string) {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	for name, data := range map[string]string{
		"secret":              "no",
		"root/run/a":          "inside",
		"root/etc/big":        strings.Repeat("x", 100),
		"root/etc/exact":      strings.Repeat("x", 99),
		"root/sys/d/0000:3b.": "colon",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"root/var":      "/",             // absolute, as /var/run is on many images
		"root/out":      "../secret",     // leads out
		"root/abs":      dir + "/secret", // leads out
		"root/climb":    "../../../../../../../etc/big",
		"root/loop":     "loop",
		"root/dangling": "nowhere/at/all",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := rootfs.New(root)
	if err != nil {
		t.Fatal(err)
	}
	return f, root
}

func TestLinksStayInside(t *testing.T) {
	f, _ := tree(t)
	got, err := f.ReadFile("/var/run/a", 100)
	if err != nil || string(got) != "inside" {
		t.Errorf("through an absolute link: %q, %v", got, err)
	}
	if got, err := f.ReadFile("/climb", 100); err != nil || len(got) != 100 {
		t.Errorf("through a link that climbs: %q, %v, want /etc/big of the root", got, err)
	}
	for _, name := range []string{"/out", "/abs", "/../secret", "/etc/../../secret"} {
		if got, err := f.ReadFile(name, 100); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ReadFile(%q) = %q, %v, want ErrNotExist", name, got, err)
		}
	}
	if _, err := f.ReadFile("/loop", 100); err == nil {
		t.Error("a loop of links can be read")
	}
}

func TestErrorsNameThePlaceInside(t *testing.T) {
	f, root := tree(t)
	_, missing := f.ReadFile("/etc/missing", 100)
	_, link := f.Readlink("/etc/big")
	_, dir := f.ReadDir("/etc/big")
	for _, err := range []error{missing, link, dir} {
		if err == nil || strings.Contains(err.Error(), root) || !strings.Contains(err.Error(), "/etc/") {
			t.Errorf("error %q, want one with the path inside the root alone", err)
		}
	}
}

func TestLimit(t *testing.T) {
	f, _ := tree(t)
	if _, err := f.ReadFile("/etc/big", 99); !errors.Is(err, rootfs.ErrTooLarge) {
		t.Errorf("100 bytes with a limit of 99: %v, want ErrTooLarge", err)
	}
	if got, err := f.ReadFile("/etc/exact", 99); err != nil || len(got) != 99 {
		t.Errorf("99 bytes with a limit of 99: %d bytes, %v", len(got), err)
	}
}

// The beginning of a file that is too large is whole lines.
func TestReadLines(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"lines": "one\ntwo\nthree\n", "line": strings.Repeat("x", 20)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		limit int64
		want  string
	}{
		{"/lines", 14, "one\ntwo\nthree\n"},
		{"/lines", 13, "one\ntwo\n"},
		{"/lines", 8, "one\ntwo\n"},
		{"/lines", 7, "one\n"},
		{"/lines", 3, ""},
		{"/line", 20, strings.Repeat("x", 20)},
		{"/line", 19, ""},
	} {
		got, err := f.ReadLines(tt.name, tt.limit)
		if err != nil || string(got) != tt.want {
			t.Errorf("ReadLines(%s, %d) = %q, %v, want %q", tt.name, tt.limit, got, err, tt.want)
		}
	}
	if _, err := f.ReadLines("/absent", 9); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}

func TestReadFileDoesNotWait(t *testing.T) {
	f, root := tree(t)
	if err := syscall.Mkfifo(filepath.Join(root, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/fifo", "/etc"} {
		if _, err := f.ReadFile(name, 100); !errors.Is(err, rootfs.ErrNotRegular) {
			t.Errorf("ReadFile(%q): %v, want ErrNotRegular", name, err)
		}
	}
}

func TestLookups(t *testing.T) {
	f, _ := tree(t)
	if target, err := f.Readlink("/var/dangling"); err != nil || target != "nowhere/at/all" {
		t.Errorf("Readlink = %q, %v", target, err)
	}
	if f.Exists("/dangling") || !f.Listed("/dangling") {
		t.Errorf("a dangling link: Exists %v, Listed %v, want false, true", f.Exists("/dangling"), f.Listed("/dangling"))
	}
	if !f.Exists("/var/sys/d/0000:3b.") || f.Exists("/sys/d/other") || f.Listed("/sys/d/other") {
		t.Error("Exists or Listed is wrong about a plain file")
	}
	names, err := f.ReadDir("/var/etc")
	if want := []string{"big", "exact"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("ReadDir = %v, %v, want %v", names, err, want)
	}
	if !f.Openable("/run/a") || f.Openable("/run/b") {
		t.Error("Openable is wrong")
	}
}

func TestDirectory(t *testing.T) {
	f, root := tree(t)
	if err := os.Symlink("/run", filepath.Join(root, "etc/link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"/":             root,
		"/run":          filepath.Join(root, "run"),
		"/var/etc/link": filepath.Join(root, "run"),
		"/../../etc/":   filepath.Join(root, "etc"),
	} {
		if got, err := f.Directory(name); got != want || err != nil {
			t.Errorf("Directory(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]error{
		"/run/a":    syscall.ENOTDIR,
		"/out":      fs.ErrNotExist,
		"/dangling": fs.ErrNotExist,
		"/loop":     syscall.ELOOP,
		"/a\x00b":   fs.ErrInvalid,
	} {
		if got, err := f.Directory(name); got != "" || !errors.Is(err, want) || strings.Contains(err.Error(), root) {
			t.Errorf("Directory(%q) = %q, %v, want %v", name, got, err, want)
		}
	}
	// In the real root too no two names are of one directory.
	realRoot, err := rootfs.New("")
	if err != nil {
		t.Fatal(err)
	}
	want, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("run", filepath.Join(root, "alias")); err != nil {
		t.Fatal(err)
	}
	if got, err := realRoot.Directory(filepath.ToSlash(root) + "/alias"); got != filepath.Join(want, "run") || err != nil {
		t.Errorf("Directory through a link in the real root = %q, %v", got, err)
	}
}

func TestStat(t *testing.T) {
	f, root := tree(t)
	actual, err := rootfs.New("")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"/climb": 0, "/var/run/a": 0, "/var": fs.ModeDir} {
		if info, err := f.Stat(name); err != nil || info.Mode().Type() != want {
			t.Errorf("Stat(%q) = %v, %v, want type %v", name, info, err, want)
		}
	}
	for _, name := range []string{"/out", "/abs", "/dangling", "/missing"} {
		if _, err := f.Stat(name); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), root) {
			t.Errorf("Stat(%q): %v, want ErrNotExist with the path inside the root", name, err)
		}
	}
	if _, err := f.Stat("/a\x00b"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Stat of a name with a NUL: %v, want ErrInvalid", err)
	}
	if info, err := actual.Stat(filepath.Join(root, "out")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("a link in the real root: %v, %v, want what it leads to", info, err)
	}
}

func TestPermitted(t *testing.T) {
	f, root := tree(t)
	if !f.Permitted("/run/a") || f.Permitted("/run/b") || f.Permitted("/a\x00b") {
		t.Error("Permitted is wrong")
	}
	if err := os.Chmod(filepath.Join(root, "run/a"), 0o400); err != nil {
		t.Fatal(err)
	}
	if got := f.Permitted("/run/a"); got != (os.Geteuid() == 0) {
		t.Errorf("Permitted of a file that only root may write: %v", got)
	}
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	if _, err := rootfs.New(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing root: %v, want ErrNotExist", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rootfs.New(file); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a file for a root: %v, want ENOTDIR", err)
	}
	t.Chdir(dir)
	f, err := rootfs.New(".")
	if err != nil || !f.Listed("/file") {
		t.Errorf("a relative root: %v", err)
	}
	if f, err = rootfs.New(""); err != nil || !f.Exists(filepath.ToSlash(file)) {
		t.Errorf("the real root: %v", err)
	}
}

func TestIsElement(t *testing.T) {
	for name, want := range map[string]bool{
		"net1": true, "0000:3b:02.6": true, "..data": true,
		"": false, ".": false, "..": false, "a/b": false, `a\b`: false, "a\x00": false,
	} {
		if got := rootfs.IsElement(name); got != want {
			t.Errorf("IsElement(%q) = %v, want %v", name, got, want)
		}
	}
}
