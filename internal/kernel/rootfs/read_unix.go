//go:build unix

package rootfs

import "syscall"

// readFile reads a regular file by the bare system calls: package os asks the
// poller to watch each file that is opened without blocking, which is needed
// for a FIFO not to hold us up, and costs more than reading a file of sysfs. It
// fails with ELOOP on a link that it is not to follow, and returns the first limit
// bytes of a file that is too large.
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
	if err := syscall.Fstat(fd, &stat); err != nil {
		return nil, err
	}
	if stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil, ErrNotRegular
	}
	// Files of proc say that they are empty, those of sysfs that they are a page.
	data := make([]byte, 0, min(max(stat.Size, 511), limit)+1)
	for {
		n, err := syscall.Read(fd, data[len(data):cap(data)])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, err
		case n <= 0:
			return data, nil
		}
		data = data[:len(data)+n]
		if int64(len(data)) > limit {
			return data[:limit], tooLarge(limit)
		}
		if int64(len(data)) == stat.Size {
			return data, nil
		}
		if len(data) == cap(data) {
			data = append(make([]byte, 0, min(2*int64(cap(data)), limit+1)), data...)
		}
	}
}

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
	}
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
