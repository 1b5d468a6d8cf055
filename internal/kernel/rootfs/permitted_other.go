//go:build !unix

package rootfs

// Permitted reports whether name exists: there are no such devices here.
func (f FS) Permitted(name string) bool { return f.Exists(name) }
