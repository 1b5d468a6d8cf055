//go:build e2e

package e2e

import (
	"os"
	"testing"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// start starts a program that ends with the test, at the latest, and whose
// output is shown if the test fails.
func start(t *testing.T, name string, argv []string, o testpeer.Options) *testpeer.Process {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "podnet-e2e-log-")
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

// dial connects to the telemetry socket of a process that is starting.
func dial(t *testing.T, p *testpeer.Process, runtimeDir string) *testpeer.Telemetry {
	t.Helper()
	var telemetry *testpeer.Telemetry
	if err := p.Poll(2*settleTime, func() (err error) {
		telemetry, err = testpeer.DialTelemetry(runtimeDir)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { telemetry.Close() })
	return telemetry
}
