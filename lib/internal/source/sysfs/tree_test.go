//go:build unix

package sysfs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// tree makes a root of a txtar archive. A name that ends with a slash is a
// directory; the section "symlinks" has one "path -> target" a line.
func tree(t testing.TB, text string) rootfs.FS {
	t.Helper()
	dir := t.TempDir()
	place := func(name string) string {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, f := range txtar.Parse([]byte(text)).Files {
		switch {
		case f.Name == "symlinks":
			for line := range strings.Lines(string(f.Data)) {
				name, target, _ := strings.Cut(strings.TrimSpace(line), " -> ")
				if err := os.Symlink(target, place(name)); err != nil {
					t.Fatal(err)
				}
			}
		case strings.HasSuffix(f.Name, "/"):
			place(f.Name + "x")
		default:
			if err := os.WriteFile(place(f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}
