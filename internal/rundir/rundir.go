//go:build unix

// Package rundir has the directories in which DPDK keeps a process's telemetry
// socket and shared memory: up to 4 MB for each, which a program that is killed
// leaves behind, and dpdk-testpmd at every end.
//
// Who owns one has it locked, and passes the lock on with exec, so that what no
// process has any more can be found and removed.
package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Prefix is the --file-prefix of a process, which no other one of its PID
// namespace has.
func Prefix(pid int) string { return fmt.Sprintf("podnet-%d", pid) }

// ours are the prefixes of Prefix, whose leavings the next start may remove.
var ours = regexp.MustCompile(`^podnet-[0-9]+$`)

// Path is the directory of that --file-prefix (eal_create_runtime_dir).
func Path(prefix string) string { return filepath.Join(base(), prefix) }

func base() string {
	dir := os.Getenv("RUNTIME_DIRECTORY")
	switch {
	case dir != "":
	case os.Getuid() == 0:
		dir = "/var/run"
	default:
		if dir = os.Getenv("XDG_RUNTIME_DIR"); dir == "" {
			dir = "/tmp"
		}
	}
	return filepath.Join(dir, "dpdk")
}

// Dir is a directory that this process owns, with the prefix that it is of.
type Dir struct {
	prefix string
	path   string
	lock   *os.File
}

// Own makes the directory of a prefix before DPDK does, and removes those of
// Prefix that no process has any more. It fails if another process has it.
func Own(prefix string) (*Dir, error) {
	sweep()
	d := &Dir{prefix: prefix, path: Path(prefix)}
	var err error
	for range 10 { // others that start now may sweep what we have just made
		if err = os.MkdirAll(d.path, 0o700); err != nil {
			break
		}
		if d.lock, err = lock(d.path); err == nil {
			if !running(d.path) {
				return d, nil
			}
			_ = d.lock.Close()
			err = fmt.Errorf("%s: %w", d.path, errOwned)
			break
		}
		time.Sleep(time.Millisecond)
	}
	return nil, fmt.Errorf("DPDK's runtime directory: %w: let the user write there, name another directory in RUNTIME_DIRECTORY, or give --file-prefix another name", err)
}

// errOwned means that another process has the directory.
var errOwned = errors.New("another process owns it")

// lockFile is the file in the directory that its owner has locked. DPDK locks the
// directory itself now and then.
const lockFile = "podnet.lock"

// lock takes the directory for this process, until the file is closed.
func lock(path string) (*os.File, error) {
	name := filepath.Join(path, lockFile)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		var locked, there os.FileInfo
		if locked, err = f.Stat(); err == nil {
			if there, err = os.Lstat(name); err == nil && os.SameFile(locked, there) {
				return f, nil
			}
		}
	}
	_ = f.Close()
	return nil, fmt.Errorf("%s: %w", path, errOwned)
}

// Files are what DPDK makes in the directory.
func (d *Dir) Files() []string {
	var files []string
	for _, name := range []string{lockFile, "dpdk_telemetry.v2", "mp_socket", "config", "fbarray_memzone", "fbarray_nohugemem"} {
		files = append(files, filepath.Join(d.path, name))
	}
	return files
}

// Path is the directory's.
func (d *Dir) Path() string { return d.path }

// Inherit has the program own the directory that this process becomes by exec.
func (d *Dir) Inherit() error {
	_, err := unix.FcntlInt(d.lock.Fd(), unix.F_SETFD, 0)
	return err
}

// Remove removes the directory, and what the prefix has of hugepages.
func (d *Dir) Remove() error {
	return errors.Join(removeHugepages(d.prefix), os.RemoveAll(d.path), d.lock.Close())
}

// sweep removes the directories that nobody owns.
func sweep() {
	entries, err := os.ReadDir(base())
	if err != nil {
		return // there are none
	}
	for _, e := range entries {
		if ours.MatchString(e.Name()) {
			removeOrphan(Path(e.Name()))
		}
	}
}

// removeOrphan removes a directory of this user's that nobody owns.
func removeOrphan(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
		return
	}
	f, err := lock(path)
	if err != nil {
		return
	}
	defer f.Close()
	if !running(path) {
		_ = errors.Join(removeHugepages(filepath.Base(path)), os.RemoveAll(path)) // or the next start will
	}
}

// running tells whether a DPDK process has the directory that was not started by
// podnet, and so does not lock it: EAL locks its configuration.
func running(path string) bool {
	f, err := os.OpenFile(filepath.Join(path, "config"), os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err = unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock)
	return err != nil || lock.Type != unix.F_UNLCK
}
