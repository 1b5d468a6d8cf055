//go:build unix

package rootfs

import (
	"bytes"
	"strings"
	"syscall"
)

// shortFile has room for nearly every file of sysfs, control groups and the volume.
const shortFile = 512

// readFile reads a regular file by the bare system calls. It opens files without blocking,
// so that a FIFO does not hold it up. Package os would ask the poller to watch each such
// file, which costs more than reading a file of sysfs. readFile fails with ELOOP on a link
// that it must not follow, and returns the first limit bytes of a file that is too large.
func readFile(hostPath string, limit int64, follow bool) ([]byte, error) {
	flags := syscall.O_RDONLY | syscall.O_NONBLOCK | syscall.O_CLOEXEC
	if !follow {
		flags |= syscall.O_NOFOLLOW
	}
	fd, err := open(hostPath, flags)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	var stat syscall.Stat_t
	attribute := isAttribute(hostPath)
	if !attribute { // these are all regular, and say that they are a page
		if err := syscall.Fstat(fd, &stat); err != nil {
			return nil, err
		}
		if stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
			return nil, ErrNotRegular
		}
	}
	// Files of proc say that they are empty.
	var short [shortFile]byte
	data := short[:0]
	if limit < shortFile {
		data = short[: 0 : limit+1]
	} else if stat.Size >= shortFile {
		data = make([]byte, 0, min(stat.Size, limit)+1)
	}
	for {
		n, err := syscall.Read(fd, data[len(data):cap(data)])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, err
		}
		data = data[:len(data)+max(n, 0)]
		switch {
		case int64(len(data)) > limit:
			return bytes.Clone(data[:limit]), tooLarge(limit)
		case n <= 0, int64(len(data)) == stat.Size, len(data) < cap(data) && attribute:
			if cap(data) <= shortFile {
				data = bytes.Clone(data)
			}
			return data, nil
		case len(data) == cap(data):
			data = append(make([]byte, 0, min(2*int64(cap(data)), limit+1)), data...)
		}
	}
}

// isAttribute reports whether a file is one of sysfs or a control group. These give their
// whole text in one read, as far as the buffer has room; files of proc need not.
func isAttribute(hostPath string) bool { return strings.HasPrefix(hostPath, "/sys/") }

// readDir lists a directory, for which package os asks the poller too.
func readDir(hostPath string) ([]string, error) {
	fd, err := open(hostPath, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	var names []string
	var buf [4096]byte
	for {
		n, err := syscall.ReadDirent(fd, buf[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, err
		case n <= 0:
			return names, nil
		}
		_, _, names = syscall.ParseDirent(buf[:n], -1, names)
		if n+maxDirent <= len(buf) && isAttribute(hostPath) {
			return names, nil // the next one would have fitted
		}
	}
}

// maxDirent is what the longest name takes in a list of the kernel's.
const maxDirent = 280

// exists tells whether there is something, or at a link whether it leads to something.
func exists(hostPath string) bool {
	var stat syscall.Stat_t
	return syscall.Stat(hostPath, &stat) == nil
}

// listed tells whether there is something, even if it is a link that leads nowhere.
func listed(hostPath string) bool {
	var stat syscall.Stat_t
	return syscall.Lstat(hostPath, &stat) == nil
}

// readLink gives the target of a link as it is written there.
func readLink(hostPath string) (string, error) {
	for size := 256; ; size *= 2 {
		var short [256]byte
		target := short[:]
		if size > len(short) {
			target = make([]byte, size)
		}
		n, err := syscall.Readlink(hostPath, target)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return "", err
		case n < size:
			return string(target[:n]), nil
		}
	}
}

// openable opens for reading and writing, and closes.
func openable(hostPath string) bool {
	fd, err := open(hostPath, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC)
	return err == nil && syscall.Close(fd) == nil
}

// open opens, again if a signal interrupts it.
func open(hostPath string, flags int) (fd int, err error) {
	for {
		if fd, err = syscall.Open(hostPath, flags, 0); err != syscall.EINTR {
			return fd, err
		}
	}
}

// isLink reports whether a path is a link. It fails if there is nothing.
func isLink(hostPath string) (bool, error) {
	var target [1]byte
	switch _, err := syscall.Readlink(hostPath, target[:]); err {
	case nil:
		return true, nil
	case syscall.ENOENT, syscall.ENOTDIR:
		return false, err
	}
	return false, nil
}
