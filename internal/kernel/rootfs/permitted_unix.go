//go:build unix

package rootfs

import "syscall"

// readWrite is R_OK and W_OK of access(2).
const readWrite = 4 | 2

// Permitted reports whether this process has the permission to open name for
// reading and writing, and does not open it: there are devices that do something
// when they are opened. The kernel asks the device control group, too.
func (f FS) Permitted(name string) bool {
	hostPath, err := f.resolve(name)
	return err == nil && syscall.Access(hostPath, readWrite) == nil
}
