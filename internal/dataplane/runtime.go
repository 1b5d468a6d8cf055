package dataplane

import (
	"os"
	"path/filepath"
)

// runtimeDir is where DPDK keeps the files of a process with that prefix
// (eal_create_runtime_dir).
func runtimeDir(prefix string) string {
	base := os.Getenv("RUNTIME_DIRECTORY")
	switch {
	case base != "":
	case os.Getuid() == 0:
		base = "/var/run"
	default:
		if base = os.Getenv("XDG_RUNTIME_DIR"); base == "" {
			base = "/tmp"
		}
	}
	return filepath.Join(base, "dpdk", prefix)
}

// runtimeFiles are the files that DPDK makes in its runtime directory, and the
// directory.
func runtimeFiles(prefix string) []string {
	dir := runtimeDir(prefix)
	var files []string
	for _, name := range []string{"dpdk_telemetry.v2", "mp_socket", "config", "fbarray_memzone", "fbarray_nohugemem"} {
		files = append(files, filepath.Join(dir, name))
	}
	return append(files, dir)
}
