package appnetutil_test

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	netlib "github.com/podnet/podnet/lib/appnetutil"
	"github.com/podnet/podnet/lib/appnetutil/types"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// sample is a program such as app-netutil's own: it calls every function and
// prints every field. test/parity has one that is built against either library.
func sample(w io.Writer, volume string) error {
	if netlib.GetDownwardAPIMountPath() != volume {
		netlib.SetDownwardAPIMountPath(volume)
	}
	var cpus *types.CPUResponse
	cpus, err := netlib.GetCPUInfo()
	if err == nil {
		_ = cpus.CPUSet // this machine's
	}
	var pages *types.HugepagesResponse
	if pages, err = netlib.GetHugepages(); err != nil {
		return fmt.Errorf("hugepages: %w", err)
	}
	fmt.Fprintf(w, "this is %s\n", pages.MyContainerName)
	for _, h := range pages.Hugepages {
		printHugepages(w, h)
	}
	var list *types.InterfaceResponse
	if list, err = netlib.GetInterfaces(); err != nil {
		return fmt.Errorf("interfaces: %w", err)
	}
	for _, i := range list.Interface {
		printInterface(w, i)
	}
	return nil
}

func printHugepages(w io.Writer, h *types.HugepagesData) {
	fmt.Fprintf(w, "%s asks for %d %d %d, at most %d %d %d\n", h.ContainerName,
		h.Request1G, h.Request2M, h.Request, h.Limit1G, h.Limit2M, h.Limit)
}

func printInterface(w io.Writer, i *types.InterfaceData) {
	switch i.DeviceType {
	case types.INTERFACE_TYPE_INVALID:
		return
	case types.INTERFACE_TYPE_HOST, types.INTERFACE_TYPE_SRIOV, types.INTERFACE_TYPE_UNKNOWN:
		fmt.Fprint(w, "of app-netutil's types: ")
	}
	s := i.NetworkStatus
	fmt.Fprintf(w, "%s %q of %q, default %v, %q %v %v\n", i.DeviceType, s.Interface, s.Name, s.Default, s.Mac, s.IPs, s.DNS)
	if s.DeviceInfo == nil {
		return
	}
	info := *s.DeviceInfo
	switch info.Type {
	case nadv1.DeviceInfoTypePCI:
		fmt.Fprintln(w, info.Version, info.Pci.PciAddress, info.Pci.PfPciAddress, info.Pci.Vhostnet, info.Pci.RdmaDevice)
	case nadv1.DeviceInfoTypeVHostUser:
		fmt.Fprintln(w, info.Version, info.VhostUser.Mode, info.VhostUser.Path)
	case nadv1.DeviceInfoTypeMemif:
		fmt.Fprintln(w, info.Version, info.Memif.Role, info.Memif.Mode, info.Memif.Path)
	case nadv1.DeviceInfoTypeVDPA:
		fmt.Fprintln(w, info.Version, info.Vdpa.ParentDevice, info.Vdpa.Driver, info.Vdpa.PciAddress,
			info.Vdpa.PfPciAddress, info.Vdpa.Path)
	}
}

func TestSample(t *testing.T) {
	t.Cleanup(func() { netlib.SetDownwardAPIMountPath("") })
	s := podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "cbr0", "interface": "eth0", "ips": ["10.244.0.2"], "mac": "0a:58:0a:83:00:43", "default": true,
  "dns": {"nameservers": ["10.131.0.2"]}},
 {"name": "ns/a", "interface": "net1", "dns": {},
  "device-info": {"type": "pci", "version": "1.0.0", "pci": {"pci-address": "0000:3b:02.6"}}},
 {"name": "ns/b", "interface": "net2", "dns": {},
  "device-info": {"type": "vhost-user", "version": "1.0.0", "vhost-user": {"mode": "client", "path": "/run/b"}}},
 {"name": "ns/c", "interface": "net3", "dns": {},
  "device-info": {"type": "memif", "version": "1.0.0", "memif": {"role": "master", "mode": "ip", "path": "/run/c"}}},
 {"name": "ns/d", "interface": "net4", "dns": {},
  "device-info": {"type": "vdpa", "version": "1.0.0", "vdpa": {"parent-device": "vdpa2", "driver": "vhost", "path": "/dev/vhost-vdpa-1"}}}]
-- podinfo/hugepages_1G_request_app --
1024
-- podinfo/hugepages_1G_limit_app --
2048
`)
	t.Setenv("CONTAINER_NAME", "app")
	t.Setenv("PCIDEVICE_OPENSHIFT_IO_A", "0000:3b:02.6")
	var out strings.Builder
	if err := sample(&out, filepath.Join(s.Root, "etc/podnetinfo")); err != nil {
		t.Fatal(err)
	}
	want := `this is app
app asks for 1024 0 0, at most 2048 0 0
of app-netutil's types: host "eth0" of "cbr0", default true, "0a:58:0a:83:00:43" [10.244.0.2] {[10.131.0.2]  [] []}
of app-netutil's types: sr-iov "net1" of "ns/a", default false, "" [] {[]  [] []}
1.0.0 0000:3b:02.6   
vhost-user "net2" of "ns/b", default false, "" [] {[]  [] []}
1.0.0 client /run/b
memif "net3" of "ns/c", default false, "" [] {[]  [] []}
1.0.0 master ip /run/c
vdpa "net4" of "ns/d", default false, "" [] {[]  [] []}
1.0.0 vdpa2 vhost   /dev/vhost-vdpa-1
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
