package eal

import (
	"errors"
	"strings"
	"testing"
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
