//go:build lab

// Package iommu is tested on a machine whose VFs are behind an IOMMU: what inspect
// tells of it, and what is refused for other reasons than that.
package iommu

import (
	"testing"

	"github.com/podnet/podnet/test/lab/internal/guest"
)

func TestMain(m *testing.M) { guest.Run(m) }
