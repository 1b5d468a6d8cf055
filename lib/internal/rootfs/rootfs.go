// Package rootfs reads files below a directory that stands for "/", such as the
// root of another container or a test's fixture. Links resolve inside it, as
// after a chroot, so that no link leads out of it.
package rootfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// Limits on what is read of one file, in bytes.
const (
	MaxAnnotations = 4 << 20  // kubelet's limit is 256 KiB before escaping
	MaxSmall       = 64 << 10 // files of sysfs and cgroups
	MaxProc        = 1 << 20  // mountinfo has a line a mount
)

// Errors that ReadFile wraps, beside those of package fs.
var (
	ErrTooLarge   = errors.New("file is too large")
	ErrNotRegular = errors.New("not a regular file")
)

// FS is a root directory. Paths that its methods take are absolute inside the
// root and have slashes; errors name them so, without the root. An FS remembers
// which directories are links, so it is for one look at the files, by one
// goroutine.
type FS struct {
	dir      string            // clean; empty: the real root
	resolved map[string]string // directories, by their path inside the root
}

// New gives the file system below dir; empty means "/".
func New(dir string) (FS, error) {
	if dir == "" || dir == "/" {
		return FS{}, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return FS{}, err
	}
	if !info.IsDir() {
		return FS{}, &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR}
	}
	// Links in dir itself are the kernel's to resolve: the text of one such as
	// /proc/PID/root says nothing about where it leads.
	if dir, err = filepath.Abs(dir); err != nil {
		return FS{}, err
	}
	return FS{dir: dir, resolved: map[string]string{"/": dir}}, nil
}

// ReadFile returns the content of the regular file name. It fails with
// ErrTooLarge on more than limit bytes, and with ErrNotRegular on a FIFO, a
// device and the like, which it does not wait for.
func (f FS) ReadFile(name string, limit int64) ([]byte, error) {
	hostPath, err := f.resolve(name)
	if err != nil {
		return nil, inside("open", name, err)
	}
	file, err := os.OpenFile(hostPath, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, inside("open", name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, inside("stat", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, inside("read", name, ErrNotRegular)
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, inside("read", name, err)
	}
	if int64(len(data)) > limit {
		return nil, inside("read", name, fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, limit))
	}
	return data, nil
}

// Readlink returns the target of the link name as it is written there.
func (f FS) Readlink(name string) (string, error) {
	parent, err := f.directory(path.Dir(name))
	if err != nil {
		return "", inside("readlink", name, err)
	}
	target, err := os.Readlink(filepath.Join(parent, path.Base(name)))
	if err != nil {
		return "", inside("readlink", name, err)
	}
	return filepath.ToSlash(target), nil
}

// ReadDir returns the names in the directory name, sorted.
func (f FS) ReadDir(name string) ([]string, error) {
	hostPath, err := f.resolve(name)
	if err != nil {
		return nil, inside("open", name, err)
	}
	entries, err := os.ReadDir(hostPath)
	if err != nil {
		return nil, inside("open", name, err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// Exists reports whether name exists; a link counts only if its target does.
func (f FS) Exists(name string) bool {
	hostPath, err := f.resolve(name)
	if err != nil {
		return false
	}
	_, err = os.Stat(hostPath)
	return err == nil
}

// Listed reports whether the directory of name has an entry of that name, be it
// a link that leads nowhere.
func (f FS) Listed(name string) bool {
	parent, err := f.directory(path.Dir(name))
	if err != nil {
		return false
	}
	_, err = os.Lstat(filepath.Join(parent, path.Base(name)))
	return err == nil
}

// Openable reports whether this process may open name for reading and writing,
// as a driver opens a character device.
func (f FS) Openable(name string) bool {
	hostPath, err := f.resolve(name)
	if err != nil {
		return false
	}
	file, err := os.OpenFile(hostPath, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	return file.Close() == nil
}

// IsElement reports whether name, which somebody else chose, can stand as one
// element of a path and does not change what the rest of the path means.
func IsElement(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\\x00")
}

// resolve gives the path for the operating system. In the real root the kernel
// itself resolves links as they should be.
func (f FS) resolve(name string) (string, error) {
	if strings.Contains(name, "\x00") {
		return "", fs.ErrInvalid
	}
	name = path.Clean("/" + name)
	if f.dir == "" {
		return name, nil
	}
	parent, err := f.directory(path.Dir(name))
	if err != nil {
		return "", err
	}
	hostPath := filepath.Join(parent, path.Base(name))
	if _, err := os.Readlink(hostPath); err != nil {
		return hostPath, nil // no link, or not there: the caller will see
	}
	return securejoin.SecureJoin(f.dir, name)
}

// directory is resolve for a directory, which is asked for again and again.
func (f FS) directory(name string) (string, error) {
	if f.dir == "" {
		return name, nil
	}
	if hostPath, ok := f.resolved[name]; ok {
		return hostPath, nil
	}
	hostPath, err := f.resolve(name)
	if err == nil {
		f.resolved[name] = hostPath
	}
	return hostPath, err
}

// inside makes err name the path inside the root.
func inside(op, name string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		op, err = pathErr.Op, pathErr.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}
