package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Errors of Container.
var (
	ErrLive      = errors.New("is the root of a running process")
	ErrNoProcess = errors.New("no such process")
)

// liveRoot is how the kernel names the root of a process, also where its /proc is
// mounted at another place.
var liveRoot = regexp.MustCompile(`/proc/([0-9]+|self|thread-self)(?:/task/[0-9]+)?/root$`)

// maxLinks is how many links in a row are followed, as by the kernel.
const maxLinks = 40

// rootOf gives the process whose root the directory is, by its name or by the links
// that lead to it; empty: not known.
func rootOf(dir string) (pid string) {
	if dir == "" {
		return ""
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for range maxLinks {
		if m := liveRoot.FindStringSubmatch(dir); m != nil {
			return m[1]
		}
		target, err := os.Readlink(dir)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(dir), target)
		}
		dir = filepath.Clean(target)
	}
	return ""
}

// Container gives the file system of a container. With pid 0 it is below dir, as with New;
// with another pid it is the running process's, and /proc/self and /proc/net in it are
// that process's own. Container refuses a dir that is the root of a running process, or
// in which /proc is the kernel's: there /proc/self would be the reader's, and podnet would
// report the reader's CPUs and control groups as the container's.
func Container(dir string, pid int) (FS, error) {
	if pid == 0 {
		if pid := rootOf(dir); pid != "" {
			return FS{}, &LiveError{Dir: dir, PID: pid}
		}
		f, err := New(dir)
		if err == nil && f.dir != "" && isProc(filepath.Join(f.dir, "proc")) {
			return FS{}, &LiveError{Dir: dir}
		}
		return f, err
	}
	if pid < 0 {
		return FS{}, fmt.Errorf("process %d: %w", pid, ErrNoProcess)
	}
	proc := "/proc/" + strconv.Itoa(pid)
	f, err := New(proc + "/root")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, statErr := os.Stat(proc); statErr != nil {
			err = ErrNoProcess
		}
		return FS{}, fmt.Errorf("process %d: %w", pid, err)
	case err != nil:
		return FS{}, fmt.Errorf("process %d: its files cannot be read: %w", pid, err)
	}
	f.proc = proc
	return f, nil
}

// LiveError says that a root is a running process's.
type LiveError struct {
	Dir string // as it was given
	PID string // of the process: a number, self or thread-self; empty: not known
}

func (e *LiveError) Error() string { return fmt.Sprintf("%s %v", e.Dir, ErrLive) }

// Unwrap gives ErrLive.
func (e *LiveError) Unwrap() error { return ErrLive }

// ofProcess gives the path for the operating system of a file that the kernel makes
// for the process whose root this is; ok is false for any other file.
func (f FS) ofProcess(name string) (hostPath string, ok bool) {
	if f.proc == "" {
		return "", false
	}
	for _, own := range []string{"/proc/self", "/proc/thread-self"} {
		if rest, below := strings.CutPrefix(name, own); below && (rest == "" || rest[0] == '/') {
			return f.proc + rest, true
		}
	}
	if rest, below := strings.CutPrefix(name, "/proc/net"); below && (rest == "" || rest[0] == '/') {
		return f.proc + "/net" + rest, true
	}
	return "", false
}
