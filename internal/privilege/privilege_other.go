//go:build !linux

// Package privilege raises the capabilities that DPDK's drivers need, on Linux.
package privilege

// Raise does nothing.
func Raise() error { return nil }

// RaiseForPrograms does nothing.
func RaiseForPrograms() error { return nil }
