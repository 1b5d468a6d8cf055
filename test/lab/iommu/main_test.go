//go:build lab

// Package iommu tests, in a guest whose VFs are behind an IOMMU, how inspect and check
// describe devices, and which devices the commands refuse. Packets are in test/lab/traffic,
// and machines without an IOMMU in test/lab/noiommu. Start with inspect_test.go;
// test/lab/internal/guest has the machine.
package iommu

import (
	"testing"

	"github.com/podnet/podnet/test/lab/internal/guest"
)

func TestMain(m *testing.M) { guest.Run(m) }
