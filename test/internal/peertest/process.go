//go:build linux

// Package peertest has testpeer's programs in tests: they end with the test, at
// the latest, and what they said is shown if it fails.
package peertest

import (
	"os"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// Patience is how long a process may take for what it does at once on a machine of
// its own: to start, to notice what happened to its peer, to end. It has to last on
// a busy machine; a test that passes does not wait for it.
var Patience = 30 * time.Second

// Start starts a program that ends with the test, at the latest, and whose output
// is shown if the test fails.
func Start(t *testing.T, name string, argv []string, o testpeer.Options) *testpeer.Process {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "podnet-log-")
	if err != nil {
		t.Fatal(err)
	}
	p, err := testpeer.Start(dir, name, argv, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s: %q\n--- standard output\n%s\n--- standard error\n%s", name, argv, p.Stdout(), p.Stderr())
		}
		os.RemoveAll(dir)
	})
	return p
}

// Dial connects to the telemetry socket of a process that is starting.
func Dial(t *testing.T, p *testpeer.Process, runtimeDir string) *testpeer.Telemetry {
	t.Helper()
	var telemetry *testpeer.Telemetry
	if err := p.Poll(2*Patience, func() (err error) {
		telemetry, err = testpeer.DialTelemetry(runtimeDir)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { telemetry.Close() })
	return telemetry
}
