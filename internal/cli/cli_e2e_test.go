//go:build e2e

package cli_test

import "testing"

// TestE2EScripts needs dpdk-testpmd.
func TestE2EScripts(t *testing.T) { runScripts(t, "testdata/e2e") }
