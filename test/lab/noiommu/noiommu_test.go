//go:build lab

// Package noiommu tests inspect, check and run in a guest whose firmware or kernel has the
// IOMMU turned off. With an IOMMU see test/lab/iommu. It has one file;
// test/lab/internal/guest has the machine.
package noiommu

import (
	"os"
	"testing"

	"github.com/podnet/podnet/test/lab/internal/guest"
)

func TestMain(m *testing.M) { guest.Run(m) }

// Without an IOMMU vfio-pci takes no device, so that the VF is on no driver.
func TestRefused(t *testing.T) {
	vf := guest.VFs[0]
	dir := "/sys/bus/pci/devices/" + vf.Address
	if err := os.WriteFile(dir+"/driver_override", []byte("vfio-pci"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/sys/bus/pci/drivers_probe", []byte(vf.Address), 0); err == nil && vf.Driver() == "vfio-pci" {
		t.Fatal("vfio-pci has taken the VF: is there an IOMMU?")
	}
	p := guest.NewVFPod(t, vf)
	if iface := guest.Interface(t, p.Inspect(t), "net1"); iface.PCI.Driver != "" || iface.PCI.IOMMUGroup != nil {
		t.Errorf("%+v, want no driver and no IOMMU group", iface.PCI)
	}
	p.Refused(t, []string{"net1", vf.Address, "IOMMU"})
	if got := p.Verdict(t, "ports-ready"); got != "fail no-iommu" {
		t.Errorf("check says %q", got)
	}
}
