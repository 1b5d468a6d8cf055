//go:build !unix

// Package rundir has the directories in which DPDK keeps a process's files, which
// it has on Unix alone.
package rundir

import (
	"errors"
	"fmt"
)

// Prefix is the --file-prefix of a process.
func Prefix(pid int) string { return fmt.Sprintf("podnet-%d", pid) }

// Dir is a directory that this process owns.
type Dir struct{}

// Own fails.
func Own(string) (*Dir, error) { return nil, errors.ErrUnsupported }

// Inherit fails.
func (d *Dir) Inherit() error { return errors.ErrUnsupported }

// Remove fails.
func (d *Dir) Remove() error { return errors.ErrUnsupported }

// LetGroupConnect does nothing.
func LetGroupConnect() {}
