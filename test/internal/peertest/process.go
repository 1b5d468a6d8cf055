//go:build linux

// Package peertest runs testpeer's programs in tests: a program ends with the test at the
// latest, and its output is shown if the test fails. Code that is not a test uses testpeer
// itself. Start with Start, and with StartTestpmd for a stock dpdk-testpmd.
package peertest

import (
	"os"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// Patience is how long a process may take to start, to notice a change of its peer, or to
// end. On an idle machine that takes a moment; on a busy one it may take this long.
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
