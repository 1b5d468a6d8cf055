//go:build unix

// Package outfile writes files that the user named, each as a whole.
package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrWrite means that the text could not be written to its file.
var ErrWrite = errors.New("the output cannot be written")

// File is a file that the user named for us to write. Each Write replaces the
// text as a whole, so that at any moment a valid document lies there: of a run that
// was killed the last one, which says that it is not complete.
//
// A file that is there already keeps its mode, its owner and its links. Where
// replacing it would take one of them away, or is impossible because the file is a
// mount of its own, such as a volume's subPath or Kubernetes' termination log, it is
// written in place; whoever is killed in the middle of that leaves a part of the text.
type File struct {
	named string // by the user
	path  string // where the links of named lead
}

// New makes sure that the file can be written, and leaves it as it is until
// the first Write. It refuses what is no regular file, without opening it, and a
// file that is write-protected, even for root.
func New(path string) (*File, error) {
	o := &File{named: path}
	var err error
	if o.path, err = target(path); err == nil {
		sweep(o.path)
		err = o.check()
	}
	if err != nil {
		return nil, o.failed(err)
	}
	return o, nil
}

// failed is an error that names the file as the user did, and no temporary one.
func (o *File) failed(err error) error {
	return fmt.Errorf("%w to %q: %w", ErrWrite, o.named, reason(err))
}

// reason is what an error says without the path.
func reason(err error) error {
	if p, ok := err.(*fs.PathError); ok { //nolint:errorlint // not one that says more
		return p.Err
	}
	return err
}

// maxLinks is how many symbolic links may follow one another, as in the kernel.
const maxLinks = 40

// target follows the links of path. The last one may lead to nothing yet.
func target(path string) (string, error) {
	if path == "" {
		return "", errors.New("no file is named")
	}
	at, err := os.Stat(path)
	if err == nil && !at.Mode().IsRegular() {
		return "", errors.New("it is not a regular file")
	}
	to := path
	for range maxLinks {
		link, readErr := os.Readlink(to)
		if readErr != nil {
			if info, statErr := os.Lstat(to); err == nil && (statErr != nil || !os.SameFile(at, info)) {
				return "", errors.New("it was deleted, and only this process still has it") // a link of /proc
			}
			return to, nil
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(to), link)
		}
		to = link
	}
	return "", syscall.ELOOP
}

// check tries what Write will do, and changes nothing.
func (o *File) check() error {
	info, err := os.Lstat(o.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		tmp, err := temporary(o.path)
		if err != nil {
			return fmt.Errorf("%w: name a file in a directory that exists and can be written", reason(err))
		}
		return errors.Join(tmp.Close(), os.Remove(tmp.Name()))
	case err != nil:
		return err
	case info.Mode().Perm()&0o222 == 0:
		return fmt.Errorf("it is write-protected (mode %04o): name another file, or chmod u+w it", info.Mode().Perm())
	}
	for _, ours := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if own, err := ours.Stat(); err == nil && os.SameFile(own, info) {
			return fmt.Errorf("it is this process's %s: name another file, or write JSON to standard output with -o json", filepath.Base(ours.Name()))
		}
	}
	f, err := o.open()
	if err != nil {
		return err
	}
	return f.Close()
}

// open opens the file that is there to write it in place. Should it have become
// something else meanwhile, neither a pipe nor a link is waited for or followed.
func (o *File) open() (*os.File, error) {
	f, err := os.OpenFile(o.path, os.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, f.Close(), errors.New("it is not a regular file any more"))
	}
	return f, nil
}

// Write replaces the file's text.
func (o *File) Write(text []byte) error {
	replaced, err := o.replace(text)
	if !replaced && err == nil {
		err = o.overwrite(text)
	}
	if err != nil {
		return o.failed(err)
	}
	return nil
}

// replace puts a new file in the place of the one that is there, unless that would
// change more than the text.
func (o *File) replace(text []byte) (done bool, err error) {
	before, err := os.Lstat(o.path)
	exists := err == nil
	if exists && !replaceable(before) {
		return false, nil
	}
	tmp, err := temporary(o.path)
	if err != nil {
		if exists { // the directory is read-only
			return false, nil
		}
		return false, err
	}
	defer func() {
		if !done {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if err == nil && exists {
		if !sameOwner(tmp, before) {
			return false, tmp.Close()
		}
		err = tmp.Chmod(before.Mode())
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return false, err
	}
	err = os.Rename(tmp.Name(), o.path)
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EXDEV) { // a mount of its own
		return false, nil
	}
	return err == nil, err
}

// replaceable tells whether the file is a plain one, with one name.
func replaceable(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return info.Mode().IsRegular() && ok && stat.Nlink == 1
}

// sameOwner gives f the owner of the file that it replaces, if it is another and
// this process may.
func sameOwner(f *os.File, before fs.FileInfo) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	own, is := info.Sys().(*syscall.Stat_t)
	was, ok := before.Sys().(*syscall.Stat_t)
	if !is || !ok {
		return false
	}
	return own.Uid == was.Uid && own.Gid == was.Gid || f.Chown(int(was.Uid), int(was.Gid)) == nil
}

// overwrite writes into the file that is there.
func (o *File) overwrite(text []byte) error {
	f, err := o.open()
	if err != nil {
		return err
	}
	if _, err = f.Write(text); err == nil {
		err = f.Truncate(int64(len(text)))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// temporary makes a file beside that path, with the mode that new files have, and
// locks it until it is closed.
func temporary(path string) (*os.File, error) {
	name := fmt.Sprintf("%s%d", temporaryPrefix(path), rand.Uint64())
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	// A file system without locks has no sweep either.
	_ = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	return f, nil
}

// temporaryPrefix is how the names of temporary files for that path begin. A long
// name's end would leave no room for what makes them unique.
func temporaryPrefix(path string) string {
	base := filepath.Base(path)
	return filepath.Join(filepath.Dir(path), "."+base[:min(len(base), 200)]+".podnet-")
}

// sweep removes the temporary files for that path that killed processes left.
// Nobody holds their locks any more.
func sweep(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return // it may be written, and not read
	}
	for _, e := range entries {
		name := filepath.Join(filepath.Dir(path), e.Name())
		if !e.Type().IsRegular() || !strings.HasPrefix(name, temporaryPrefix(path)) {
			continue
		}
		if f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0); err == nil {
			if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
				_ = os.Remove(name)
			}
			_ = f.Close()
		}
	}
}
