//go:build lab

// Package traffic is tested on a machine whose VFs are behind an IOMMU: what
// moves packets, over them and over vDPA devices.
package traffic

import (
	"testing"

	"github.com/podnet/podnet/test/lab/internal/guest"
)

func TestMain(m *testing.M) { guest.Run(m) }
