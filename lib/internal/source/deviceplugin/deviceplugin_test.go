package deviceplugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

// render writes the facts of an environment, one a line.
func render(environ []string) []string {
	var lines []string
	for _, f := range Parse(environ) {
		switch f := f.(type) {
		case fact.Allocation:
			line := fmt.Sprintf("%s: %s address=%s auxiliary=%s", f.Where, f.Resource, f.Address, f.Auxiliary)
			if f.Info != nil {
				line += fmt.Sprintf(" nodes=%v rdma=%s token=%s", f.Info.CharDevices, f.Info.RDMA, f.Info.VFIOToken)
			}
			lines = append(lines, line)
		case fact.Problem:
			lines = append(lines, fmt.Sprintf("%s: %s", f.Where, f.Code))
		}
	}
	return lines
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		want    []string
	}{
		{"none", []string{"PATH=/bin", "X"}, nil},
		{"list", []string{"PCIDEVICE_A=0000:3b:02.6,0000:3b:02.7"}, []string{
			"PCIDEVICE_A[0]: A address=0000:3b:02.6 auxiliary=",
			"PCIDEVICE_A[1]: A address=0000:3b:02.7 auxiliary=",
		}},
		{"blanks, short, upper case, gaps", []string{"PCIDEVICE_A= 3B:02.6 ,, 10000:e1:00.0,\n"}, []string{
			"PCIDEVICE_A[0]: A address=0000:3b:02.6 auxiliary=",
			"PCIDEVICE_A[1]: A address=10000:e1:00.0 auxiliary=",
		}},
		{"empty", []string{"PCIDEVICE_A=", "PCIDEVICE_B= "}, nil},
		{"auxiliary", []string{"PCIDEVICE_NVIDIA_COM_SRIOV-RDMA-VF=mlx5_core.sf.4"}, []string{
			"PCIDEVICE_NVIDIA_COM_SRIOV-RDMA-VF[0]: NVIDIA_COM_SRIOV-RDMA-VF address= auxiliary=mlx5_core.sf.4",
		}},
		{"no device", []string{"PCIDEVICE_A=eth0,../x"}, []string{
			"PCIDEVICE_A[0]: A address= auxiliary=", "PCIDEVICE_A[1]: A address= auxiliary=",
		}},
		{"case as it is", []string{"PCIDEVICE_a.b=0000:3b:02.6", "pcidevice_A=0000:3b:02.7"}, []string{
			"PCIDEVICE_a.b[0]: a.b address=0000:3b:02.6 auxiliary=",
		}},
		{"other names", []string{"PCIDEVICE=0000:3b:02.6", "PCIDEVICE_=0000:3b:02.6", "PCIDEVICEX=0000:3b:02.6"}, nil},
		{"set twice", []string{"PCIDEVICE_A=0000:3b:02.6", "PCIDEVICE_A=0000:3b:02.7"}, []string{
			"PCIDEVICE_A: conflict", "PCIDEVICE_A[0]: A address=0000:3b:02.6 auxiliary=",
		}},
		{"info of the plugin", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":{"generic":{"deviceID":"0000:3b:00.2"},"rdma":{"issm":"/dev/infiniband/issm4","rdma_dev":"mlx5_4","uverbs":"/dev/infiniband/uverbs4"}},"0000:3b:00.4":{"vfio":{"dev-mount":"/dev/vfio/9","mount":"/dev/vfio/vfio"},"extra":{"VFIO_TOKEN":"t=,"}}}`}, []string{
			"PCIDEVICE_A_INFO[0000:3b:00.2]: A address=0000:3b:00.2 auxiliary= nodes=[/dev/infiniband/uverbs4] rdma=mlx5_4 token=",
			"PCIDEVICE_A_INFO[0000:3b:00.4]: A address=0000:3b:00.4 auxiliary= nodes=[/dev/vfio/9] rdma= token=t=,",
		}},
		{"info of its README", []string{`PCIDEVICE_A_INFO={"0000:3b:00.4":{"vfio":{"vfio-dev-mount":"/dev/vfio/9"},"extraInfo":{"VFIO_TOKEN":"t"}}}`}, []string{
			"PCIDEVICE_A_INFO[0000:3b:00.4]: A address=0000:3b:00.4 auxiliary= nodes=[/dev/vfio/9] rdma= token=t",
		}},
		{"info with little in it", []string{`PCIDEVICE_A_INFO= {"mlx5_core.sf.4":{"vdpa":{},"vfio":{"dev-mount":"/etc/x"},"new":{"k":"v"}}}`}, []string{
			"PCIDEVICE_A_INFO[mlx5_core.sf.4]: A address= auxiliary=mlx5_core.sf.4 nodes=[] rdma= token=",
		}},
		{"info of the wrong types", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":[],"0000:3b:00.4":{"vfio":"x","rdma":{"rdma_dev":4},"extra":{"VFIO_TOKEN":"t"}}}`}, []string{
			"PCIDEVICE_A_INFO[0000:3b:00.2]: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.2]: A address=0000:3b:00.2 auxiliary= nodes=[] rdma= token=",
			"PCIDEVICE_A_INFO[0000:3b:00.4].rdma: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.4].vfio: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.4]: A address=0000:3b:00.4 auxiliary= nodes=[] rdma= token=t",
		}},
		{"info cut off", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":{`}, []string{"PCIDEVICE_A_INFO: malformed"}},
		{"empty info", []string{`PCIDEVICE_A_INFO={}`}, nil},
		{"a resource named _INFO", []string{"PCIDEVICE_A_INFO=0000:3b:02.6"}, []string{
			"PCIDEVICE_A_INFO[0]: A_INFO address=0000:3b:02.6 auxiliary=",
		}},
		{"JSON that is no info", []string{`PCIDEVICE_A={"0000:3b:00.2":{}}`, `PCIDEVICE__INFO={}`}, []string{
			"PCIDEVICE_A: malformed", "PCIDEVICE__INFO: malformed",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, render(tt.environ)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParse checks that a value never makes a device of another variable's name,
// and that an address or name is what the text says.
func FuzzParse(f *testing.F) {
	f.Add("A", "0000:3b:02.6, mlx5_core.sf.4,x")
	f.Add("A_INFO", `{"0000:3b:02.6":{"vfio":{"dev-mount":"/dev/vfio/1"}}}`)
	f.Add("_INFO", `{`)
	f.Fuzz(func(t *testing.T, resource, value string) {
		for _, fct := range Parse([]string{prefix + resource + "=" + value}) {
			if !strings.HasPrefix(fct.From().Where, prefix) {
				t.Fatalf("a fact from %q", fct.From().Where)
			}
			a, ok := fct.(fact.Allocation)
			if !ok {
				continue
			}
			if !a.Address.IsZero() && a.Auxiliary != "" {
				t.Fatalf("%q is an address and a name", a.ID)
			}
			if a.ID == "" && a.Info == nil || strings.ContainsAny(a.Auxiliary, ",/= \n") {
				t.Fatalf("device %q, auxiliary %q", a.ID, a.Auxiliary)
			}
		}
	})
}
