//go:build !unix

package rootfs

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// readFile reads a regular file. It fails with ELOOP on a link that it is not to
// follow, and returns the first limit bytes of a file that is too large.
func readFile(hostPath string, limit int64, follow bool) ([]byte, error) {
	if _, err := os.Readlink(hostPath); err == nil && !follow {
		return nil, &os.PathError{Op: "open", Path: hostPath, Err: syscall.ELOOP}
	}
	file, err := os.Open(hostPath)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return data[:limit], tooLarge(limit)
	}
	return data, nil
}

func readDir(hostPath string) ([]string, error) {
	dir, err := os.Open(hostPath)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// isLink reports whether a path is a link. It fails if there is nothing.
func isLink(hostPath string) (bool, error) {
	info, err := os.Lstat(hostPath)
	return err == nil && info.Mode()&os.ModeSymlink != 0, err
}

// exists tells whether there is something, or at a link whether it leads to something.
func exists(hostPath string) bool {
	_, err := os.Stat(hostPath)
	return err == nil
}

// listed tells whether there is something, even if it is a link that leads nowhere.
func listed(hostPath string) bool {
	_, err := os.Lstat(hostPath)
	return err == nil
}

// readLink gives the target of a link as it is written there.
func readLink(hostPath string) (string, error) {
	target, err := os.Readlink(hostPath)
	return filepath.ToSlash(target), err
}

// openable opens for reading and writing, and closes.
func openable(hostPath string) bool {
	file, err := os.OpenFile(hostPath, os.O_RDWR|syscall.O_NONBLOCK, 0)
	return err == nil && file.Close() == nil
}
