//go:build e2e

package cli_test

import (
	"testing"

	"github.com/podnet/podnet/internal/cli/clitest"
)

// TestE2EScripts needs dpdk-testpmd.
func TestE2EScripts(t *testing.T) { clitest.Run(t, "testdata/e2e", "testdata/pods") }
