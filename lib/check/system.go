package check

// system is what checks ask of this process.
type system struct {
	// open tries to open a device node for reading and writing.
	open func(name string) error
	// memlock is how much memory the process may lock; limited is false if there
	// is no limit, or it is not known.
	memlock func() (limit uint64, limited bool)
}
