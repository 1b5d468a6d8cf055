//go:build lab

package traffic

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// vdpaNetwork is the status of a network on a vDPA device.
func vdpaNetwork(device nadv1.VdpaDevice) nadv1.NetworkStatus {
	return nadv1.NetworkStatus{
		Name: "lab/vdpa", Interface: "net1",
		DeviceInfo: &nadv1.DeviceInfo{Type: nadv1.DeviceInfoTypeVDPA, Version: nadv1.DeviceInfoVersion, Vdpa: &device},
	}
}

// addVDPA makes a vDPA device and gives its character device.
func addVDPA(t *testing.T, name, manager string, args ...string) string {
	t.Helper()
	guest.Command(t, append([]string{"vdpa", "dev", "add", "name", name, "mgmtdev", manager}, args...)...)
	t.Cleanup(func() { guest.Command(t, "vdpa", "dev", "del", name) })
	var node string
	guest.Await(t, "the character device of "+name, func() error {
		found, err := guest.Only("/sys/bus/vdpa/devices/" + name + "/vhost-vdpa-*")
		if err != nil {
			return err
		}
		node = "/dev/" + filepath.Base(found)
		_, err = os.Stat(node)
		return err
	})
	return node
}

// device-info names a vDPA device; it may name its character device, or
// leave that to the name on the vdpa bus.
func TestInspectVDPA(t *testing.T) {
	guest.Command(t, "modprobe", "-a", "vduse", "vhost_vdpa")
	serveVDUSE(t, "vd0")
	node := addVDPA(t, "vd0", "vduse")
	for _, device := range []nadv1.VdpaDevice{
		{ParentDevice: "vd0", Driver: "vhost", Path: node},
		{ParentDevice: "vd0", Driver: "vhost"},
	} {
		t.Run("path "+device.Path, func(t *testing.T) {
			pod := guest.NewPod(t, nil, vdpaNetwork(device)).Inspect(t)
			iface := guest.Interface(t, pod, "net1")
			v := iface.VDPA
			if iface.Kind != podnet.KindVDPA || v == nil || v.Parent != "vd0" || v.Driver != "vhost" || v.Path != node || v.Openable == nil || !*v.Openable {
				t.Errorf("kind %s, %+v, want vd0 at %s, which may be opened", iface.Kind, v, node)
			}
			guest.NoWarnings(t, pod)
		})
	}
}

// simMAC is the address of the simulated device, which gives frames to itself back.
const simMAC = "02:00:00:00:0f:01"

func TestRunVDPA(t *testing.T) {
	guest.Command(t, "modprobe", "-a", "vdpa_sim_net", "vhost_vdpa", "virtio_vdpa", "virtio_net")
	node := addVDPA(t, "vs0", "vdpasim_net", "mac", simMAC)

	t.Run("vhost", func(t *testing.T) {
		p := guest.NewPod(t, nil, vdpaNetwork(nadv1.VdpaDevice{ParentDevice: "vs0", Driver: "vhost", Path: node}))
		stdout, _ := p.Run(t, 0, "run", "--mode", "rxonly", "--duration", "1s", "-o", "json")
		var run result.Run
		guest.Decode(t, stdout, &run)
		if len(run.Interfaces) != 1 || run.Interfaces[0].MAC != simMAC {
			t.Errorf("interfaces %+v, want one with the MAC address %s", run.Interfaces, simMAC)
		}
		r := p.Bench(t, "--dst-mac", simMAC, "--rate", fmt.Sprint(packets), "--duration", "1s", "--warmup", "0s", "--calibrate=false")
		if got := r.Measurements[0].Trials[0]; got.Sent.Packets != packets || got.Received.Packets != packets {
			t.Errorf("sent %d and received %d, want %d", got.Sent.Packets, got.Received.Packets, packets)
		}
	})
	t.Run("virtio", func(t *testing.T) {
		bindVDPA(t, "vs0", "vhost_vdpa", "virtio_vdpa")
		defer bindVDPA(t, "vs0", "virtio_vdpa", "vhost_vdpa")
		var netdev string
		guest.Await(t, "the netdev of vs0", func() error {
			found, err := guest.Only("/sys/bus/virtio/drivers/virtio_net/*/net/*")
			netdev = filepath.Base(found)
			return err
		})
		p := guest.NewPod(t, nil, vdpaNetwork(nadv1.VdpaDevice{ParentDevice: "vs0", Driver: "virtio"}))
		iface := guest.Interface(t, p.Inspect(t), "net1")
		if v := iface.VDPA; iface.Kind != podnet.KindVDPA || v == nil || v.Driver != "virtio" || v.Netdev != netdev || v.Path != "" {
			t.Errorf("kind %s, %+v, want the virtio driver and the netdev %s", iface.Kind, iface.VDPA, netdev)
		}
		p.Refused(t, []string{"net1", "virtio-vdpa"})
		stdout, _ := p.Run(t, 3, "args")
		if strings.Contains(stdout, "vdev") {
			t.Errorf("args has a port of it: %s", stdout)
		}
	})
}

func bindVDPA(t *testing.T, device, from, to string) {
	t.Helper()
	for _, file := range []string{from + "/unbind", to + "/bind"} {
		if err := os.WriteFile("/sys/bus/vdpa/drivers/"+file, []byte(device), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// Numbers of <linux/vduse.h> and <linux/virtio_net.h>.
const (
	vduseSetAPIVersion = 1<<30 | 8<<16 | 0x81<<8 | 1
	vduseCreateDev     = 1<<30 | vduseConfigHead<<16 | 0x81<<8 | 2
	vduseDestroyDev    = 1<<30 | 256<<16 | 0x81<<8 | 3
	vduseVQSetup       = 1<<30 | 32<<16 | 0x81<<8 | 0x14

	vduseConfigHead = 336 // of struct vduse_dev_config, before the device's own
	vduseMessage    = 152 // struct vduse_dev_request and struct vduse_dev_response
	vduseGetVQState = 0
)

// serveVDUSE is a network device in user space that acknowledges the kernel's messages and
// carries no packets.
func serveVDUSE(t *testing.T, name string) {
	t.Helper()
	control, err := os.OpenFile("/dev/vduse/control", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	ioctl := func(f *os.File, request uint, arg []byte) {
		t.Helper()
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), uintptr(request), uintptr(unsafe.Pointer(&arg[0]))); errno != 0 {
			t.Fatalf("ioctl %#x: %v", request, errno)
		}
	}
	ioctl(control, vduseSetAPIVersion, make([]byte, 8))

	config := []byte{2, 0, 0, 0, 0, 0xaa, 1, 0, 1, 0, 0xdc, 5} // MAC address, status, queue pairs, MTU
	config = append(config, make([]byte, 24-len(config))...)
	const mac, mtu, status, version1, accessPlatform = 1 << 5, 1 << 3, 1 << 16, 1 << 32, 1 << 33
	var device []byte
	device = append(append(device, name...), make([]byte, 256-len(name))...)
	device = binary.NativeEndian.AppendUint32(device, 0x1af4)
	device = binary.NativeEndian.AppendUint32(device, 1) // VIRTIO_ID_NET
	device = binary.NativeEndian.AppendUint64(device, mac|mtu|status|version1|accessPlatform)
	device = binary.NativeEndian.AppendUint32(device, 2) // queues
	device = binary.NativeEndian.AppendUint32(device, 4096)
	device = append(device, make([]byte, 52)...)
	device = binary.NativeEndian.AppendUint32(device, uint32(len(config)))
	ioctl(control, vduseCreateDev, append(device, config...))

	f, err := os.OpenFile("/dev/vduse/"+name, os.O_RDWR|unix.O_NONBLOCK, 0) // so that Close ends a Read
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		ioctl(control, vduseDestroyDev, device[:256])
		control.Close()
	})
	for queue := range uint32(2) {
		setup := binary.NativeEndian.AppendUint32(nil, queue)
		setup = binary.NativeEndian.AppendUint16(setup, 256)
		ioctl(f, vduseVQSetup, append(setup, make([]byte, 26)...))
	}
	go func() {
		request := make([]byte, vduseMessage)
		for {
			if _, err := f.Read(request); err != nil {
				return
			}
			response := make([]byte, vduseMessage)
			copy(response, request[4:8]) // the request's id, and VDUSE_REQ_RESULT_OK
			if binary.NativeEndian.Uint32(request) == vduseGetVQState {
				copy(response[24:28], request[24:28])
			}
			if _, err := f.Write(response); err != nil {
				return
			}
		}
	}()
}
