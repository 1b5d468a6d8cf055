//go:build !race

// Package racetest says whether a test runs under the race detector, which makes the
// largest tests too slow. It is for tests alone. Each package whose tests ask stands in
// the Makefile's FULL_SIZE, so that test-unit runs them without the detector too.
package racetest

// Enabled reports whether the test runs under the race detector.
const Enabled = false
