package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// tree writes files below a new root.
func tree(t *testing.T, files map[string]string) rootfs.FS {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}
