//go:build lab

// Package traffic tests, in a guest whose VFs are behind an IOMMU, the commands that move
// packets, over VFs and over vDPA devices. It counts packets and does not measure speed:
// NICs and CPUs are emulated. Start with traffic_test.go; test/lab/internal/guest has the
// machine.
package traffic

import (
	"testing"

	"github.com/podnet/podnet/test/lab/internal/guest"
)

func TestMain(m *testing.M) { guest.Run(m) }
