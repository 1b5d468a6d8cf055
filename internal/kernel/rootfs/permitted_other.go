//go:build !unix

package rootfs

// Permitted reports whether name exists: there are no such devices here.
func (f FS) Permitted(name string) bool { return f.Exists(name) }

// Access reports that name does not exist, and nothing else.
func (f FS) Access(name string, _ uint32) error {
	_, err := f.Stat(name)
	return err
}
