package deviceplugin

import (
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// FuzzEnviron checks that a value never makes a device of another variable's
// name, and that an address or name is what the text says.
func FuzzEnviron(f *testing.F) {
	f.Add("A", "0000:3b:02.6, mlx5_core.sf.4,x")
	f.Add("A_INFO", `{"0000:3b:02.6":{"vfio":{"dev-mount":"/dev/vfio/1"}}}`)
	f.Add("A_INFO", `{"*":{"extra":{"VFIO_TOKEN":"t"}},"x":{"uio":{"mount":"/dev/uio1"}},"0000:3b:02.6":{"vfio":7}}`)
	f.Add("_INFO", `{`)
	f.Fuzz(func(t *testing.T, resource, value string) {
		if strings.Contains(resource, "=") {
			return
		}
		name := prefix + resource
		facts := Parse([]string{"X=1", name + "=" + value, "PCIDEVICE_A=0000:3b:02.6", oldName + "=" + value})
		for _, fct := range facts {
			at := fct.From()
			if at.Source != fact.Env || !strings.HasPrefix(at.Where, name) && !strings.HasPrefix(at.Where, "PCIDEVICE_A") &&
				!strings.HasPrefix(at.Where, oldName) {
				t.Fatalf("a fact from %q", at)
			}
			a, ok := fct.(fact.Allocation)
			if !ok {
				continue
			}
			if a.Resource == "" || a.ID == "" || strings.TrimSpace(a.ID) != a.ID {
				t.Fatalf("%+v", a)
			}
			if !a.Address.IsZero() && a.Auxiliary != "" {
				t.Fatalf("%q is an address and a name", a.ID)
			}
			if address, err := pciaddr.Parse(a.ID); address != a.Address || (err == nil) == a.Address.IsZero() {
				t.Fatalf("%q is address %s", a.ID, a.Address)
			}
			if a.Auxiliary != "" && (a.Auxiliary != a.ID || strings.ContainsAny(a.Auxiliary, ",/= \n") || strings.Count(a.Auxiliary, ".") != 2) {
				t.Fatalf("device %q, auxiliary %q", a.ID, a.Auxiliary)
			}
			if a.Info == nil {
				continue
			}
			for _, part := range []struct {
				said bool
				at   fact.Origin
			}{
				{len(a.Info.CharDevices) > 0, a.Info.CharDevicesAt}, {a.Info.RDMA != "", a.Info.RDMAAt}, {a.Info.VFIOToken != "", a.Info.VFIOTokenAt},
			} {
				if part.said != (part.at != fact.Origin{}) || part.said && !strings.HasPrefix(part.at.Where, at.Where+".") {
					t.Fatalf("%+v of %q has a part from %q", *a.Info, at, part.at)
				}
			}
			for _, node := range a.Info.CharDevices {
				if !strings.HasPrefix(node, "/dev/") || strings.Contains(node+"/", "/../") {
					t.Fatalf("device node %q", node)
				}
			}
		}
	})
}
