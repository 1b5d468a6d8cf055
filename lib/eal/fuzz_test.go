package eal_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
)

// FuzzArgs holds that text from a pod's annotations means itself or is refused:
// it never makes another option, device or device argument.
func FuzzArgs(f *testing.F) {
	f.Add("net1", "/run/s", "net2", "@vpp/m", "02:00:00:00:00:01", "mlx5_core.sf.4", "0000:3b:02.6", "14d63f20-8445-11ea-8900-1f9ce7d5650d", "podnet")
	f.Add("net1", "/x,server=1", "net1", "/run/s\n--no-pci", "", "a,class=vdpa", "3b:02.6,x=1", "x", "-")
	f.Add("a,b=c", "/bus=vdev/s", "[", "/..", "01:00:00:00:00:00", "", "", "", "../x")
	f.Fuzz(func(t *testing.T, user, path, memif, socket, mac, aux, pci, token, prefix string) {
		address, _ := pciaddr.Parse(pci) // the zero value is refused
		c := eal.Config{
			CPUs:       []int{2, 3},
			Memory:     eal.Memory{NoHuge: true, NoHugeMiB: 64},
			FilePrefix: prefix,
			VFIOToken:  token,
			Devices: []eal.Device{
				eal.VirtioUser{Origin: eal.Origin{Interface: user}, Path: path, MAC: mac},
				eal.Memif{Origin: eal.Origin{Interface: memif}, Path: socket},
				eal.Auxiliary{Name: aux},
				eal.PCI{Address: address},
			},
		}
		argv, err := c.Args()
		if err != nil {
			if argv != nil {
				t.Fatalf("arguments %q beside error %v", argv, err)
			}
			return
		}
		args := map[string]string{"path": path}
		if mac != "" {
			args["mac"] = mac
		}
		name, abstract := socket, "no"
		if socket[0] == '@' {
			name, abstract = socket[1:], "yes"
		}
		want := meaning{
			Lcores: map[int]int{0: 2, 1: 3}, NoHuge: true, MiB: 64, FilePrefix: prefix, Token: token, Telemetry: true,
			Allow: []string{"auxiliary:" + aux, c.Devices[3].PortName()},
			VDevs: map[string]map[string]string{
				"net_virtio_user_" + user: args,
				"net_memif_" + memif:      {"role": "client", "id": "0", "socket": name, "socket-abstract": abstract},
			},
		}
		// There are several ways to write a MAC address. One of them is rendered.
		sameMAC := cmp.FilterPath(func(p cmp.Path) bool {
			index, ok := p.Last().(cmp.MapIndex)
			return ok && index.Key().String() == "mac"
		}, cmp.Comparer(func(a, b string) bool { return hex(a) == hex(b) }))
		for _, d := range []dialect{getopt, argparse} {
			got, err := parse(d, argv)
			if err != nil {
				t.Fatalf("EAL would refuse %q: %v", argv, err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), sameMAC); diff != "" {
				t.Errorf("meaning of %q (-want +got):\n%s", argv, diff)
			}
		}
	})
}

// FuzzDevArgs holds that device arguments of the caller's make the keys that they
// name, once each, and nothing else, or are refused.
func FuzzDevArgs(f *testing.F) {
	f.Add("queue_size=512,packed_vq=1")
	f.Add("zero-copy=yes,secret=a b")
	f.Add("representor=[0,2-3],mprq_en=1")
	f.Add("proto_xtr=[(1,2-3):tcp]x,a=b")
	f.Add("a=[[0],b=1]")
	f.Add("a=1,path=/x")
	f.Fuzz(func(t *testing.T, text string) {
		args, err := eal.ParseDevArgs(text)
		if err != nil {
			return
		}
		given := map[string]string{}
		for _, a := range args {
			given[a.Key] = a.Value
		}
		for _, d := range []eal.Device{
			eal.PCI{Address: pciaddr.MustParse("3b:02.6"), Args: args},
			eal.Auxiliary{Name: "mlx5_core.sf.4", Args: args},
			eal.VirtioUser{Origin: origin("net1"), Path: "/run/s", Args: args},
			eal.Vhost{Origin: origin("net1"), Path: "/run/s", Args: args},
			eal.Memif{Origin: origin("net1"), Path: "/run/s", Args: args},
		} {
			bare := map[string]string{}
			switch d.(type) {
			case eal.VirtioUser:
				bare = map[string]string{"path": "/run/s"}
			case eal.Vhost:
				bare = map[string]string{"iface": "/run/s"}
			case eal.Memif:
				bare = map[string]string{"role": "client", "id": "0", "socket": "/run/s", "socket-abstract": "no"}
			}
			text, err := eal.RenderDevice(d, eal.V24_11)
			if err != nil {
				continue
			}
			_, got, err := parseDevice(text)
			if err != nil {
				t.Fatalf("DPDK would refuse %q: %v", text, err)
			}
			want := maps.Clone(given)
			maps.Copy(want, bare)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || len(want) != len(given)+len(bare) {
				t.Errorf("meaning of %q (-want +got):\n%s", text, diff)
			}
		}
	})
}

// FuzzExtra holds that the caller's own arguments are refused, or end up behind ours
// as they are.
func FuzzExtra(f *testing.F) {
	for _, v := range []eal.Version{eal.V22_11, eal.V25_11} {
		f.Add(uint32(v), "-m", "64")
		f.Add(uint32(v), "--vdev=net_null0", "--log-level=debug")
		f.Add(uint32(v), "-a", "3b:02.6")
		f.Add(uint32(v), "--log-level", "--")
		f.Add(uint32(v), "-m64", "--no-huge=1")
	}
	f.Fuzz(func(t *testing.T, version uint32, first, second string) {
		c := config(func(c *eal.Config) { c.Version, c.Extra = eal.Version(version), []string{first, second} })
		argv, err := c.Args()
		if err != nil {
			return
		}
		ours, err := config(nil).Args()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append(ours, first, second), argv); diff != "" {
			t.Errorf("arguments (-want +got):\n%s", diff)
		}
	})
}

// hex gives the hexadecimal digits of a MAC address in lower case.
func hex(mac string) string {
	var digits []rune
	for _, r := range mac {
		switch {
		case r >= 'A' && r <= 'F':
			digits = append(digits, r-'A'+'a')
		case r >= '0' && r <= '9', r >= 'a' && r <= 'f':
			digits = append(digits, r)
		}
	}
	return string(digits)
}
