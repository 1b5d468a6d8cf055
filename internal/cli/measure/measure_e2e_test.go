//go:build e2e

package measure_test

import (
	"testing"

	"github.com/podnet/podnet/internal/cli/clitest"
)

// TestE2EScripts starts DPDK.
func TestE2EScripts(t *testing.T) { clitest.Run(t, "testdata/e2e", "../testdata/pods") }
