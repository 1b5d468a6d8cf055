// Package rootfs reads files below a directory that stands for "/", such as the root of
// another container or a test's fixture. Links resolve inside it, as after a chroot, so
// that no link leads out of it. It writes nothing, and limits every read. Start at New and
// Container.
package rootfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// The most bytes that are read of one file.
const (
	MaxAnnotations = 4 << 20  // kubelet's limit is 256 KiB before escaping
	MaxSmall       = 64 << 10 // files of sysfs and cgroups
	MaxProc        = 1 << 20  // mountinfo has one line per mount
)

// Errors that ReadFile wraps, beside package fs's own.
var (
	ErrTooLarge   = errors.New("file is too large")
	ErrNotRegular = errors.New("not a regular file")
)

func tooLarge(limit int64) error {
	return fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, limit)
}

// FS is a root directory. Paths that its methods take are absolute inside the
// root and have slashes; errors name them so, without the root. An FS remembers
// which directories there are and which of them are links, so it is for one look
// at the files, by one goroutine.
type FS struct {
	dir      string               // clean; empty: the real root
	proc     string               // directory of the process whose root it is; empty: none
	resolved map[string]directory // by their path inside the root
}

// directory is a path for the operating system that has no link in it below the
// root, or the reason why there is none.
type directory struct {
	hostPath string
	err      error
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
	return FS{dir: dir, resolved: map[string]directory{"/": {hostPath: dir}}}, nil
}

// ReadFile returns the content of the regular file name. It fails with
// ErrTooLarge on more than limit bytes, and with ErrNotRegular on a FIFO, a
// device and the like, which it does not wait for.
func (f FS) ReadFile(name string, limit int64) ([]byte, error) {
	data, err := f.read(name, limit)
	if err != nil {
		return nil, err
	}
	return data, nil
}

// ReadLines is ReadFile for a file whose beginning is enough: if the file is longer than
// limit, it returns the whole lines within the limit.
func (f FS) ReadLines(name string, limit int64) ([]byte, error) {
	data, err := f.read(name, limit)
	switch {
	case errors.Is(err, ErrTooLarge):
		return data[:bytes.LastIndexByte(data, '\n')+1], nil
	case err != nil:
		return nil, err
	}
	return data, nil
}

// read returns the first limit bytes with ErrTooLarge.
func (f FS) read(name string, limit int64) ([]byte, error) {
	hostPath, err := f.locate(name)
	if err != nil {
		return nil, inside("open", name, err)
	}
	data, err := readFile(hostPath, limit, f.dir == "")
	if f.dir != "" && errors.Is(err, syscall.ELOOP) {
		if hostPath, err = f.follow(name); err == nil {
			data, err = readFile(hostPath, limit, false)
		}
	}
	if err != nil {
		return data, inside("read", name, err)
	}
	return data, nil
}

// Readlink returns the target of the link name as it is written there.
func (f FS) Readlink(name string) (string, error) {
	hostPath, err := f.locate(name)
	if err != nil {
		return "", inside("readlink", name, err)
	}
	target, err := readLink(hostPath)
	if err != nil {
		return "", inside("readlink", name, err)
	}
	return target, nil
}

// ReadDir returns the names in the directory name, sorted.
func (f FS) ReadDir(name string) ([]string, error) {
	hostPath, err := f.directory(clean(name))
	if err != nil {
		return nil, inside("open", name, err)
	}
	names, err := readDir(hostPath)
	if err != nil {
		return nil, inside("open", name, err)
	}
	slices.Sort(names)
	return names, nil
}

// Exists reports whether name exists; a link counts only if its target does.
func (f FS) Exists(name string) bool {
	if f.dir != "" {
		_, err := f.Stat(name)
		return err == nil
	}
	hostPath, err := f.locate(name)
	return err == nil && exists(hostPath)
}

// Listed reports whether the directory of name has an entry of that name, even if it is
// a link that leads nowhere.
func (f FS) Listed(name string) bool {
	hostPath, err := f.locate(name)
	return err == nil && listed(hostPath)
}

// Stat describes what is at name, or where a link of that name leads.
func (f FS) Stat(name string) (fs.FileInfo, error) {
	hostPath, err := f.locate(name)
	if err != nil {
		return nil, inside("stat", name, err)
	}
	stat := os.Lstat // resolved as it is, a link would lead out
	if f.dir == "" {
		stat = os.Stat
	}
	info, err := stat(hostPath)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if hostPath, err = f.follow(name); err == nil {
			info, err = os.Lstat(hostPath)
		}
	}
	if err != nil {
		return nil, inside("stat", name, err)
	}
	return info, nil
}

// Openable reports whether this process may open name for reading and writing,
// as a driver opens a character device.
func (f FS) Openable(name string) bool {
	hostPath, err := f.resolve(name)
	return err == nil && openable(hostPath)
}

// Directory returns the path by which the operating system knows the directory
// name, with no link below the root in it. It is for a file watcher, which takes
// no other name.
func (f FS) Directory(name string) (string, error) {
	hostPath, err := f.resolve(name)
	if err == nil && f.dir == "" {
		hostPath, err = filepath.EvalSymlinks(hostPath)
	}
	if err != nil {
		return "", inside("open", name, err)
	}
	info, err := os.Stat(hostPath)
	if err != nil {
		return "", inside("open", name, err)
	}
	if !info.IsDir() {
		return "", inside("open", name, syscall.ENOTDIR)
	}
	return hostPath, nil
}

// IsElement reports whether name, which somebody else chose, can be one element of a path
// without changing the meaning of the rest.
func IsElement(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\\x00")
}

// clean gives the one spelling of a path inside the root.
func clean(name string) string {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	return path.Clean(name)
}

// locate gives the path for the operating system of a name that may itself be a
// link, in a directory that is not one. In the real root the kernel resolves links as they
// should be.
func (f FS) locate(name string) (string, error) {
	if strings.Contains(name, "\x00") {
		return "", fs.ErrInvalid
	}
	name = clean(name)
	if f.dir == "" {
		return name, nil
	}
	if hostPath, ok := f.ofProcess(name); ok {
		return hostPath, nil
	}
	if name == "/" {
		return f.dir, nil
	}
	// A root most often lacks a whole tree, such as /sys.
	if end := strings.IndexByte(name[1:], '/'); end > 0 {
		if _, err := f.directory(name[:1+end]); err != nil {
			return "", err
		}
	}
	slash := strings.LastIndexByte(name, '/')
	parent, err := f.directory(name[:max(slash, 1)])
	if err != nil {
		return "", err
	}
	return parent + string(filepath.Separator) + name[slash+1:], nil
}

// follow gives the path of where a link leads.
func (f FS) follow(name string) (string, error) { return securejoin.SecureJoin(f.dir, clean(name)) }

// resolve is locate for a file that is to be opened: no link is left in the path.
func (f FS) resolve(name string) (string, error) {
	hostPath, err := f.locate(name)
	if err != nil || f.dir == "" {
		return hostPath, err
	}
	if link, _ := isLink(hostPath); link {
		return f.follow(name)
	}
	return hostPath, nil // or not there, as the caller will see
}

// directory is resolve for a directory, which is asked for again and again.
func (f FS) directory(name string) (string, error) {
	if f.dir == "" {
		return f.locate(name)
	}
	if known, ok := f.resolved[name]; ok {
		return known.hostPath, known.err
	}
	hostPath, err := f.locate(name)
	if err != nil {
		return "", err
	}
	switch link, linkErr := isLink(hostPath); {
	case link:
		hostPath, err = f.follow(name)
	case linkErr != nil:
		hostPath, err = "", linkErr // and so it is for all that is below
	}
	f.resolved[name] = directory{hostPath, err}
	return hostPath, err
}

// inside makes err name the path inside the root.
func inside(op, name string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		op, err = pathErr.Op, pathErr.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}
