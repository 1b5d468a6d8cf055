package eal

import (
	"errors"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/pciaddr"
)

// TestNetdevs renders netdevs of the kernel's for releases that know different
// options.
func TestNetdevs(t *testing.T) {
	at := Origin{Interface: "net1", Where: "env AFXDP_DEVICES"}
	plugin := AFXDP{Origin: at, Netdev: "ens3f0", Plugin: true, Socket: "/tmp/afxdp_dp/ens3f0/afxdp.sock"}
	pinned := AFXDP{Origin: at, Netdev: "ens3f0", Plugin: true, Map: "/tmp/afxdp_dp/ens3f0/xsks_map"}
	const name = "net_af_xdp_net1,iface=ens3f0"
	for _, tt := range []struct {
		device  Device
		release string
		want    string // a text that begins with "error: " is a part of the error's
	}{
		{AFXDP{Origin: at, Netdev: "ens3f0"}, "22.11", name},
		{AFXDP{Origin: at, Netdev: "ens3f0", Queues: 4, Args: []DevArg{{"start_queue", "2"}}}, "24.11", name + ",queue_count=4,start_queue=2"},
		{plugin, "22.11", "error: use DPDK 24.07 or later"},
		{plugin, "23.03", name + ",use_cni=1"},
		{plugin, "24.03", name + ",use_cni=1"},
		{plugin, "24.07", name + ",use_cni=1,dp_path=/tmp/afxdp_dp/ens3f0/afxdp.sock"},
		{plugin, "25.11", name + ",use_cni=1,dp_path=/tmp/afxdp_dp/ens3f0/afxdp.sock"},
		{pinned, "23.11", "error: pinned map"},
		{pinned, "24.11", name + ",use_pinned_map=1,dp_path=/tmp/afxdp_dp/ens3f0/xsks_map"},
		{AFXDP{Origin: at, Netdev: "ens3f0", Plugin: true}, "24.11", name + ",use_cni=1,dp_path=/tmp/afxdp_dp/ens3f0/afxdp.sock"},
		{AFXDP{Origin: at, Netdev: "a,b"}, "24.11", "error: has ','"},
		{AFXDP{Origin: at, Netdev: "a/b"}, "24.11", "error: is not the name of a netdev"},
		{AFXDP{Origin: at}, "24.11", "error: is empty"},
		{AFXDP{Origin: at, Netdev: "ens3f0", Queues: 1000}, "24.11", "error: number of queues"},
		{AFXDP{Origin: at, Netdev: "ens3f0", Args: []DevArg{{"dp_path", "/x"}}}, "24.11", "error: dp_path"},
		{AFPacket{Origin: at, Netdev: "eth1"}, "22.11", "net_af_packet_net1,iface=eth1"},
		{AFPacket{Origin: at, Netdev: "eth1", Queues: 2, Args: []DevArg{{"qdisc_bypass", "1"}}}, "25.11", "net_af_packet_net1,iface=eth1,qpairs=2,qdisc_bypass=1"},
		{AFPacket{Origin: at, Netdev: strings.Repeat("e", 16)}, "25.11", "error: is not the name of a netdev"},
	} {
		release, err := ParseVersion(tt.release)
		if err != nil {
			t.Fatal(err)
		}
		option, got, err := tt.device.render(release)
		if part, fails := strings.CutPrefix(tt.want, "error: "); fails {
			if err == nil || !strings.Contains(err.Error(), part) || !errors.Is(err, ErrInexpressible) && !errors.Is(err, ErrOption) {
				t.Errorf("%+v on %s gives %q and error %v, want one with %q", tt.device, tt.release, got, err, part)
			}
			continue
		}
		if option != "--vdev" || got != tt.want || err != nil {
			t.Errorf("%+v on %s gives %s %s and error %v, want %s", tt.device, tt.release, option, got, err, tt.want)
		}
		if name, _, _ := strings.Cut(got, ","); name != tt.device.PortName() {
			t.Errorf("the port is %q, and the argument makes %q", tt.device.PortName(), name)
		}
	}
}

// TestOneSocketForAFXDP: from 23.03 to 24.03 net_af_xdp knows one socket, whatever
// the device.
func TestOneSocketForAFXDP(t *testing.T) {
	plugin := func(netdev string) AFXDP {
		return AFXDP{Origin: Origin{Interface: netdev}, Netdev: netdev, Plugin: true}
	}
	own := AFXDP{Origin: Origin{Interface: "net3"}, Netdev: "net3"}
	for _, tt := range []struct {
		release string
		devices []Device
		refused bool
	}{
		{"23.03", []Device{plugin("ens3"), plugin("ens4")}, true},
		{"24.03", []Device{plugin("ens3"), own, plugin("ens4")}, true},
		{"24.03", []Device{plugin("ens3"), own}, false},
		{"24.03", []Device{plugin("ens3"), plugin("ens3")}, false},
		{"24.07", []Device{plugin("ens3"), plugin("ens4")}, false},
	} {
		release, err := ParseVersion(tt.release)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Config{
			Version: release, CPUs: []int{0, 1}, Memory: Memory{NodeMiB: []int{64}}, FilePrefix: "p", Devices: tt.devices,
		}.Args()
		if errors.Is(err, ErrRelease) != tt.refused || (err != nil) != tt.refused {
			t.Errorf("%s with %d devices: error %v, want refused: %v", tt.release, len(tt.devices), err, tt.refused)
		}
		if err != nil && (!strings.Contains(err.Error(), `"ens4"`) || !strings.Contains(err.Error(), `"ens3"`) || !strings.Contains(err.Error(), "/tmp/afxdp.sock")) {
			t.Errorf("%s: %v names not both devices and the socket", tt.release, err)
		}
	}
}

// TestManyPorts: the driver of MANA takes an address for each port of a function.
func TestManyPorts(t *testing.T) {
	address, err := pciaddr.Parse("7870:00:00.0")
	if err != nil {
		t.Fatal(err)
	}
	d := PCI{Address: address, MACs: []string{"60:45:bd:00:00:01", "60-45-BD-00-00-02"}}
	if got, err := RenderDevice(d, V22_11); got != "7870:00:00.0,mac=60:45:bd:00:00:01,mac=60:45:bd:00:00:02" || err != nil {
		t.Errorf("got %q and error %v", got, err)
	}
	if names := (Config{Devices: []Device{d}}).PortNames(); len(names) != 2 || names[0] != "7870:00:00.0_port1" {
		t.Errorf("ports %q", names)
	}
	for name, want := range map[string]bool{
		"7870:00:00.0_port2": true, "7870:00:00.0": true, "7870:00:00.1_port1": false,
	} {
		if HasPort(d, name) != want {
			t.Errorf("port %q is the device's: want %v", name, want)
		}
	}
	if HasPort(VDev{Arg: "net_null0"}, "net_null0_port1") {
		t.Error("a virtual device is one port")
	}
	d.Args = []DevArg{{"mac", "60:45:bd:00:00:03"}}
	if _, err := RenderDevice(d, V22_11); !errors.Is(err, ErrOption) {
		t.Errorf("an address of the caller's beside the pod's: error %v", err)
	}
	d.MACs, d.Args = []string{"01:00:00:00:00:00"}, nil
	if _, err := RenderDevice(d, V22_11); !errors.Is(err, ErrInexpressible) {
		t.Errorf("a group address: error %v", err)
	}
}
