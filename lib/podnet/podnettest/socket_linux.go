package podnettest

import (
	"os"
	"syscall"
)

// makeSocket makes a socket file without a listener: its path may be longer than
// an address can be.
func makeSocket(file string) error {
	if err := syscall.Mknod(file, syscall.S_IFSOCK|0o666, 0); err != nil {
		return &os.PathError{Op: "mknod", Path: file, Err: err}
	}
	return nil
}
