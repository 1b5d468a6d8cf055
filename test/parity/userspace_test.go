package parity

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	cnitypes "github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/types/current"
	"github.com/google/go-cmp/cmp"
	"github.com/intel/userspace-cni-network-plugin/pkg/annotations"
	usrsptypes "github.com/intel/userspace-cni-network-plugin/pkg/types"

	"github.com/podnet/podnet/lib/podnet"
)

// userspaceEntry makes one element of the annotation with the plugin's own types.
func userspaceEntry(container, ifName string, conf usrsptypes.UserSpaceConf) usrsptypes.ConfigurationData {
	address := func(text string) net.IPNet {
		ip, network, err := net.ParseCIDR(text)
		if err != nil {
			panic(err)
		}
		return net.IPNet{IP: ip, Mask: network.Mask}
	}
	return usrsptypes.ConfigurationData{
		ContainerId: strings.Repeat(container, 64),
		IfName:      ifName,
		Name:        "userspace-" + ifName,
		Config:      conf,
		IPResult: current.Result{
			CNIVersion: "0.4.0",
			Interfaces: []*current.Interface{{Name: ifName, Sandbox: "/proc/2910/ns/net"}},
			IPs: []*current.IPConfig{
				{Version: "4", Interface: new(0), Address: address("10.56.217.136/24"), Gateway: net.ParseIP("10.56.217.1")},
				{Version: "6", Interface: new(0), Address: address("fd00::88/64")},
			},
			DNS: cnitypes.DNS{Nameservers: []string{"10.56.217.2"}},
		},
	}
}

func vhost(mode, socket string) usrsptypes.UserSpaceConf {
	return usrsptypes.UserSpaceConf{
		Engine: "ovs-dpdk", IfType: "vhostuser", NetType: "interface",
		VhostConf: usrsptypes.VhostConf{Mode: mode, Socketfile: socket},
	}
}

func memif(role, mode, socket string) usrsptypes.UserSpaceConf {
	return usrsptypes.UserSpaceConf{
		Engine: "vpp", IfType: "memif", NetType: "interface",
		MemifConf: usrsptypes.MemifConf{Role: role, Mode: mode, Socketfile: socket},
	}
}

// TestUserspaceRoundTrip writes annotations with the Userspace CNI's own types and keys, and
// wants them read back.
func TestUserspaceRoundTrip(t *testing.T) {
	const dir = "/var/lib/cni/usrspcni"
	entries := []usrsptypes.ConfigurationData{
		// The first of net1 is of a sandbox that is gone: the last one lives.
		userspaceEntry("0", "net1", vhost("server", "000000000000-net1")),
		userspaceEntry("a", "net1", vhost("client", "aaaaaaaaaaaa-net1")),
		userspaceEntry("a", "net2", vhost("server", "/run/vhost/net 2.sock")),
		userspaceEntry("a", "net3", memif("slave", "ethernet", "memif-aaaaaaaaaaaa-net3.sock")),
		userspaceEntry("a", "net4", memif("master", "ip", "/run/memif/net4.sock")),
		userspaceEntry("a", "net5", memif("master", "inject-punt", "x=y/net5.sock")),
	}
	type device struct {
		Network   string
		IPs       []string
		VhostUser *podnet.VhostUser
		Memif     *podnet.Memif
	}
	ips := []string{"10.56.217.136", "fd00::88"}
	want := map[string]device{
		"net1": {"userspace-net1", ips, &podnet.VhostUser{Path: dir + "/aaaaaaaaaaaa-net1", Role: podnet.RoleClient}, nil},
		"net2": {"userspace-net2", ips, &podnet.VhostUser{Path: "/run/vhost/net 2.sock", Role: podnet.RoleServer}, nil},
		"net3": {"userspace-net3", ips, nil, &podnet.Memif{Path: dir + "/memif-aaaaaaaaaaaa-net3.sock", Role: podnet.RoleClient, Mode: "ethernet"}},
		"net4": {"userspace-net4", ips, nil, &podnet.Memif{Path: "/run/memif/net4.sock", Role: podnet.RoleServer, Mode: "ip"}},
		"net5": {"userspace-net5", ips, nil, &podnet.Memif{Path: dir + "/x=y/net5.sock", Role: podnet.RoleServer, Mode: "inject-punt"}},
	}
	old, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"CNI result 0.4.0": string(old),
		"CNI result 1.0.0": withoutIPVersions(t, old),
	} {
		t.Run(name, func(t *testing.T) {
			pod := discover(t, "-- annotations/"+annotations.AnnotKeyUsrspConfigData+" --\n"+text+
				"\n-- annotations/"+annotations.AnnotKeyUsrspMappedDir+" --\n"+dir+"\n")
			got := map[string]device{}
			for _, i := range pod.Interfaces {
				d := device{Network: i.Network, VhostUser: i.VhostUser, Memif: i.Memif}
				for _, ip := range i.IPs {
					d.IPs = append(d.IPs, ip.String())
				}
				if d.VhostUser != nil {
					d.VhostUser.Exists = nil // the sockets do not exist, which does not matter here
				}
				if d.Memif != nil {
					d.Memif.Exists = nil
				}
				got[i.Name] = d
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("interfaces (-want +got):\n%s", diff)
			}
			for _, w := range pod.Warnings {
				if w.Code != podnet.CodeStale && w.Code != podnet.CodeNoStatus {
					t.Errorf("warning %+v", w)
				}
			}
		})
	}
}

// withoutIPVersions gives the form that plugins with the CNI library 1.0 and later
// write, in which an address does not say its version.
func withoutIPVersions(t *testing.T, data []byte) string {
	t.Helper()
	var entries []map[string]any
	if err := json.Unmarshal(data, &entries); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		result := e["ipResult"].(map[string]any)
		result["cniVersion"] = "1.0.0"
		for _, ip := range result["ips"].([]any) {
			delete(ip.(map[string]any), "version")
		}
	}
	out, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
