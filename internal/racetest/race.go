//go:build race

package racetest

// Enabled reports whether the test runs under the race detector.
const Enabled = true
