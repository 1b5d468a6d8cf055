//go:build unix

package rootfs

import "syscall"

// readWrite is R_OK and W_OK of access(2).
const readWrite = 4 | 2

// Permitted reports whether this process has the permission to open name for reading and
// writing. It does not open name, because some devices act when they are opened. The
// kernel asks the device control group too.
func (f FS) Permitted(name string) bool { return f.Access(name, readWrite) == nil }

// Access tells why this process may not use name in these ways, as access(2): 4 is
// to read, 2 to write, 1 to search or execute.
func (f FS) Access(name string, mode uint32) error {
	hostPath, err := f.resolve(name)
	if err == nil {
		err = syscall.Access(hostPath, mode)
	}
	if err != nil {
		return inside("access", name, err)
	}
	return nil
}
