package socket

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// FuzzLook checks that any /proc/net/unix and any path give at most one socket a
// path, and that an abstract socket is there only if its name is in the file.
func FuzzLook(f *testing.F) {
	f.Add("ffff: 00000002 00000000 00010000 0001 01 21432 @vpp/memif-eth0\n", "@vpp/memif-eth0")
	f.Add("ffff: 2 0 0 1 1 1 @a b@@@\n", "@a b")
	f.Add("1 2 3 4 5 6 7\n\n", "/run/x")
	f.Add("", "@")
	dir := f.TempDir()
	file := filepath.Join(dir, "proc", "net", "unix")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		for name := range parseUnix(text) {
			if name[0] != '@' || !strings.Contains(text, name) {
				t.Fatalf("%q is an abstract socket of %q", name, text)
			}
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		root, err := rootfs.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		sockets := 0
		for _, got := range Look(root, []string{path}) {
			if got.From().Source == "" || got.From().Where == "" {
				t.Fatalf("%+v has no origin", got)
			}
			if s, ok := got.(fact.Socket); ok {
				sockets++
				if s.Path != path || s.Exists && !strings.Contains(text, abstractKey(path)) {
					t.Fatalf("%+v of %q in %q", s, path, text)
				}
			}
		}
		if sockets > 1 {
			t.Fatalf("%d facts about %q", sockets, path)
		}
	})
}
