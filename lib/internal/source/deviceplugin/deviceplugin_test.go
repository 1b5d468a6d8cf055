package deviceplugin

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

// render writes the facts of an environment, one per line.
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
			"PCIDEVICE_A_INFO[mlx5_core.sf.4].vfio.dev-mount: malformed",
			"PCIDEVICE_A_INFO[mlx5_core.sf.4]: A address= auxiliary=mlx5_core.sf.4 nodes=[] rdma= token=",
		}},
		{"info of the wrong types", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":[],"0000:3b:00.4":{"vfio":"x","rdma":{"rdma_dev":4},"extra":{"VFIO_TOKEN":"t"}}}`}, []string{
			"PCIDEVICE_A_INFO[0000:3b:00.2]: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.4].vfio: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.4].rdma.rdma_dev: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.2]: A address=0000:3b:00.2 auxiliary= nodes=[] rdma= token=",
			"PCIDEVICE_A_INFO[0000:3b:00.4]: A address=0000:3b:00.4 auxiliary= nodes=[] rdma= token=t",
		}},
		{"info, all providers", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":{"generic":{"deviceID":"0000:3b:00.2"},"vfio":{"mount":"/dev/vfio/vfio","dev-mount":"/dev/vfio/9","vfio-mount":"/dev/vfio/vfio","vfio-dev-mount":"/dev/vfio/9"},` +
			`"uio":{"mount":"/dev/uio3"},"rdma":{"uverbs":"/dev/infiniband/uverbs4","umad":"/dev/infiniband/umad4","issm":"/dev/infiniband/issm4","rdma_cm":"/dev/infiniband/rdma_cm","rdma_dev":"mlx5_4"},` +
			`"vhost":{"net-mount":"/dev/vhost-net","tun-mount":"/dev/net/tun"},"vdpa":{"mount":"/dev/vhost-vdpa-1"},"extra":{"VFIO_TOKEN":"a"},"extraInfo":{"VFIO_TOKEN":"b"}}}`}, []string{
			"PCIDEVICE_A_INFO[0000:3b:00.2]: A address=0000:3b:00.2 auxiliary= nodes=[/dev/vfio/9 /dev/uio3 /dev/vhost-vdpa-1 /dev/infiniband/uverbs4] rdma=mlx5_4 token=a",
		}},
		{"info, empty objects", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":{"uio":{},"vdpa":{},"vfio":null},"0000:3b:00.4":null}`}, []string{
			"PCIDEVICE_A_INFO[0000:3b:00.2]: A address=0000:3b:00.2 auxiliary= nodes=[] rdma= token=",
			"PCIDEVICE_A_INFO[0000:3b:00.4]: A address=0000:3b:00.4 auxiliary= nodes=[] rdma= token=",
		}},
		{"info, paths that leave /dev", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":{"vfio":{"dev-mount":"/dev/../etc/x"},"uio":{"mount":"uio3"}}}`}, []string{
			"PCIDEVICE_A_INFO[0000:3b:00.2].vfio.dev-mount: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.2].uio.mount: malformed",
			"PCIDEVICE_A_INFO[0000:3b:00.2]: A address=0000:3b:00.2 auxiliary= nodes=[] rdma= token=",
		}},
		{"info, other ids", []string{`PCIDEVICE_A_INFO={"":{}," 3B:00.2":{},"x]\n":{}}`}, []string{
			`PCIDEVICE_A_INFO[""]: malformed`,
			`PCIDEVICE_A_INFO[" 3B:00.2"]: A address=0000:3b:00.2 auxiliary= nodes=[] rdma= token=`,
			`PCIDEVICE_A_INFO["x]\n"]: A address= auxiliary= nodes=[] rdma= token=`,
		}},
		{"info of all devices, and a list", []string{"PCIDEVICE_A=0000:3b:00.2,3b:00.2,mlx5_core.sf.4,x", "PCIDEVICE_B=0000:3b:00.3", `PCIDEVICE_A_INFO={"*":{"extra":{"VFIO_TOKEN":"t"}}}`}, []string{
			"PCIDEVICE_A[0]: A address=0000:3b:00.2 auxiliary=",
			"PCIDEVICE_A[1]: A address=0000:3b:00.2 auxiliary=",
			"PCIDEVICE_A[2]: A address= auxiliary=mlx5_core.sf.4",
			"PCIDEVICE_A[3]: A address= auxiliary=",
			"PCIDEVICE_B[0]: B address=0000:3b:00.3 auxiliary=",
			"PCIDEVICE_A_INFO[*]: A address=0000:3b:00.2 auxiliary= nodes=[] rdma= token=t",
			"PCIDEVICE_A_INFO[*]: A address= auxiliary=mlx5_core.sf.4 nodes=[] rdma= token=t",
			"PCIDEVICE_A_INFO[*]: A address= auxiliary= nodes=[] rdma= token=t",
		}},
		{"info of all devices, and of some", []string{
			`PCIDEVICE_A_INFO={"*":{"extra":{"VFIO_TOKEN":"t"},"rdma":{"rdma_dev":"mlx5_9"},"vfio":{"dev-mount":"/dev/vfio/1"}},"0000:3b:00.2":{"extra":{"VFIO_TOKEN":"own"}},` +
				`"0000:3b:00.3":{"vfio":{"dev-mount":"/dev/vfio/3"},"rdma":{"rdma_dev":"mlx5_3"}},"0000:3b:00.4":{"extra":{"VFIO_TOKEN":"own"},"vfio":{"dev-mount":"/dev/vfio/4"},"rdma":{"rdma_dev":"mlx5_4"}}}`,
			"PCIDEVICE_A=0000:3b:00.2",
		}, []string{
			"PCIDEVICE_A[0]: A address=0000:3b:00.2 auxiliary=",
			"PCIDEVICE_A_INFO[0000:3b:00.2]: A address=0000:3b:00.2 auxiliary= nodes=[] rdma= token=own",
			"PCIDEVICE_A_INFO[0000:3b:00.3]: A address=0000:3b:00.3 auxiliary= nodes=[/dev/vfio/3] rdma=mlx5_3 token=",
			"PCIDEVICE_A_INFO[0000:3b:00.4]: A address=0000:3b:00.4 auxiliary= nodes=[/dev/vfio/4] rdma=mlx5_4 token=own",
			"PCIDEVICE_A_INFO[*]: A address=0000:3b:00.2 auxiliary= nodes=[/dev/vfio/1] rdma=mlx5_9 token=",
			"PCIDEVICE_A_INFO[*]: A address=0000:3b:00.3 auxiliary= nodes=[] rdma= token=t",
		}},
		{"info of all devices, and a bad variable", []string{`PCIDEVICE_A_INFO={"*":{"extra":{"VFIO_TOKEN":"t"}}}`, "PCIDEVICE_A={}"}, []string{"PCIDEVICE_A: malformed"}},
		{"info cut off", []string{`PCIDEVICE_A_INFO={"0000:3b:00.2":{`}, []string{"PCIDEVICE_A_INFO: malformed"}},
		{"empty info", []string{`PCIDEVICE_A_INFO={}`, "PCIDEVICE_B_INFO=", "PCIDEVICE_C_INFO=null"}, nil},
		{"info that is not an object", []string{`PCIDEVICE_A_INFO=["0000:3b:00.2"]`, `PCIDEVICE_B_INFO="x"`, `PCIDEVICE_C="x"`}, []string{
			"PCIDEVICE_A_INFO: malformed", "PCIDEVICE_B_INFO: malformed", "PCIDEVICE_C: malformed",
		}},
		{"variable of the first releases", []string{"SRIOV-VF-PCI-ADDR=0000:3b:02.6,0000:3b:02.7", "SRIOV-VF-PCI-ADDR2=0000:3b:02.6", "SRIOV-VF-PCI-ADDR"}, []string{
			"SRIOV-VF-PCI-ADDR[0]: SRIOV-VF-PCI-ADDR address=0000:3b:02.6 auxiliary=",
			"SRIOV-VF-PCI-ADDR[1]: SRIOV-VF-PCI-ADDR address=0000:3b:02.7 auxiliary=",
		}},
		{"one device of two resources", []string{"PCIDEVICE_B=0000:3b:02.6", "PCIDEVICE_A=0000:3b:02.6"}, []string{
			"PCIDEVICE_A[0]: A address=0000:3b:02.6 auxiliary=", "PCIDEVICE_B[0]: B address=0000:3b:02.6 auxiliary=",
		}},
		{"values with anything in them", []string{"PCIDEVICE_A=x=y\nPCIDEVICE_B=0000:3b:02.6"}, []string{"PCIDEVICE_A[0]: A address= auxiliary="}},
		{"names like an auxiliary device's", []string{"PCIDEVICE_A=a.b,a.b.,a.b.c,.b.1,a..1,a.b.1.2,a.b.1:2,a/.b.1,a.b.0x1"}, []string{
			"PCIDEVICE_A[0]: A address= auxiliary=", "PCIDEVICE_A[1]: A address= auxiliary=", "PCIDEVICE_A[2]: A address= auxiliary=",
			"PCIDEVICE_A[3]: A address= auxiliary=", "PCIDEVICE_A[4]: A address= auxiliary=", "PCIDEVICE_A[5]: A address= auxiliary=",
			"PCIDEVICE_A[6]: A address= auxiliary=", "PCIDEVICE_A[7]: A address= auxiliary=", "PCIDEVICE_A[8]: A address= auxiliary=",
		}},
		{"the same set twice", []string{"PCIDEVICE_A=0000:3b:02.6", "X=1", "PCIDEVICE_A=0000:3b:02.6"}, []string{"PCIDEVICE_A[0]: A address=0000:3b:02.6 auxiliary="}},
		{"a resource named _INFO", []string{"PCIDEVICE_A_INFO=0000:3b:02.6"}, []string{
			"PCIDEVICE_A_INFO[0]: A_INFO address=0000:3b:02.6 auxiliary=",
		}},
		{"JSON that is not info", []string{`PCIDEVICE_A={"0000:3b:00.2":{}}`, `PCIDEVICE__INFO={}`}, []string{
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

// TestInfoPlaces looks at where the parts of an _INFO variable are said.
func TestInfoPlaces(t *testing.T) {
	for value, want := range map[string][]string{
		`{"0000:3b:02.6":{"vfio":{"dev-mount":"/dev/vfio/9"},"rdma":{"rdma_dev":"mlx5_4","uverbs":"/dev/infiniband/uverbs4"},"extra":{"VFIO_TOKEN":"t"}}}`: {
			"[0000:3b:02.6].vfio.dev-mount", "[0000:3b:02.6].rdma.rdma_dev", "[0000:3b:02.6].extra.VFIO_TOKEN",
		},
		`{"0000:3b:02.6":{"vfio":{"vfio-dev-mount":"/dev/vfio/9"},"extraInfo":{"VFIO_TOKEN":"t"}}}`: {
			"[0000:3b:02.6].vfio.vfio-dev-mount", "", "[0000:3b:02.6].extraInfo.VFIO_TOKEN",
		},
		`{"0000:3b:02.6":{"vfio":{"dev-mount":"x"},"rdma":{"uverbs":"/dev/infiniband/uverbs4"}}}`: {"[0000:3b:02.6].rdma.uverbs", "", ""},
		`{"0000:3b:02.6":{"uio":{"mount":"/dev/uio1"}}}`:                                          {"[0000:3b:02.6].uio.mount", "", ""},
		`{"0000:3b:02.6":{"vdpa":{"mount":"/dev/vhost-vdpa-1"}}}`:                                 {"[0000:3b:02.6].vdpa.mount", "", ""},
		`{"0000:3b:02.6":{"generic":{"deviceID":"0000:3b:02.6"}}}`:                                {"", "", ""},
		`{"*":{"vfio":{"dev-mount":"/dev/vfio/9"},"extra":{"VFIO_TOKEN":"t"}}}`:                   {"[*].vfio.dev-mount", "", "[*].extra.VFIO_TOKEN"},
		`{"*":{"vfio":{"dev-mount":"/dev/vfio/9"},"rdma":{"rdma_dev":"a"},"extra":{"VFIO_TOKEN":"t"}},` +
			`"0000:3b:02.6":{"vfio":{"dev-mount":"/dev/vfio/8"},"rdma":{"rdma_dev":"b"}}}`: {"", "", "[*].extra.VFIO_TOKEN"},
		`{"*":{"vfio":{"dev-mount":"/dev/vfio/9"},"rdma":{"rdma_dev":"a"},"extra":{"VFIO_TOKEN":"t"}},` +
			`"0000:3b:02.6":{"extra":{"VFIO_TOKEN":"u"}}}`: {"[*].vfio.dev-mount", "[*].rdma.rdma_dev", ""},
	} {
		const name = "PCIDEVICE_X_INFO"
		var got []string
		for _, f := range Parse([]string{"PCIDEVICE_X=0000:3b:02.6", name + "=" + value}) {
			if a, ok := f.(fact.Allocation); ok && a.Info != nil { // the last one, which "*" has if there is any
				got = nil
				for _, at := range []fact.Origin{a.Info.CharDevicesAt, a.Info.RDMAAt, a.Info.VFIOTokenAt} {
					got = append(got, strings.TrimPrefix(at.Where, name))
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: places (-want +got):\n%s", value, diff)
		}
	}
}

// BenchmarkParse has an ordinary environment with one resource of 250 devices.
func BenchmarkParse(b *testing.B) {
	var environ, devices, infos []string
	for i := range 40 {
		environ = append(environ, fmt.Sprintf("A_SERVICE_PORT_%d=tcp://10.0.0.%d:80", i, i))
	}
	for i := range 250 {
		id := fmt.Sprintf("0000:86:%02x.%d", i/8, i%8)
		devices = append(devices, id)
		infos = append(infos, fmt.Sprintf(`"%s":{"generic":{"deviceID":"%s"},"vfio":{"dev-mount":"/dev/vfio/%d","mount":"/dev/vfio/vfio"}}`, id, id, i))
	}
	list := slices.Concat(environ, []string{"PCIDEVICE_OPENSHIFT_IO_A=" + strings.Join(devices, ",")})
	for name, environ := range map[string][]string{
		"none": environ,
		"list": list,
		"info": append(list, "PCIDEVICE_OPENSHIFT_IO_A_INFO={"+strings.Join(infos, ",")+"}"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(environ)
			}
		})
	}
}
