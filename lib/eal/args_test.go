package eal_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
)

// versions are a release for each parser and table of options.
var versions = map[eal.Version]dialect{
	0:          getopt,
	eal.V22_11: getopt,
	eal.V23_11: getopt,
	eal.V24_11: getopt,
	eal.V25_11: argparse,
}

// config is a Config to vary: valid, with one device.
func config(change func(*eal.Config)) eal.Config {
	c := eal.Config{
		CPUs:       []int{4, 5},
		Memory:     eal.Memory{NodeMiB: []int{512}},
		FilePrefix: "podnet",
		IOVA:       eal.IOVAVirtual,
		Devices:    []eal.Device{eal.PCI{Address: pciaddr.MustParse("0000:3b:02.6")}},
	}
	if change != nil {
		change(&c)
	}
	return c
}

// want is the meaning of config(nil), to vary.
func want(change func(*meaning)) meaning {
	m := meaning{
		Lcores:   map[int]int{0: 4, 1: 5},
		InMemory: true, SingleFile: true, SocketMem: []int{512},
		FilePrefix: "podnet", IOVA: "va",
		Allow:     []string{"0000:3b:02.6"},
		Telemetry: true,
	}
	if change != nil {
		change(&m)
	}
	return m
}

func origin(name string) eal.Origin {
	return eal.Origin{Interface: name, Where: "annotation k[0]"}
}

func TestArgs(t *testing.T) {
	many := make([]int, 200)
	manyLcores := map[int]int{}
	for i := range many {
		many[i] = 2 * i
		if i < eal.MaxLcores {
			manyLcores[i] = 2 * i
		}
	}
	tests := []struct {
		name   string
		config func(*eal.Config)
		want   func(*meaning)
	}{
		{name: "plain"},
		{
			name:   "CPUs over 127",
			config: func(c *eal.Config) { c.CPUs = []int{130, 131, 1023} },
			want:   func(m *meaning) { m.Lcores = map[int]int{0: 130, 1: 131, 2: 1023} },
		},
		{
			name:   "one CPU",
			config: func(c *eal.Config) { c.CPUs = []int{7} },
			want:   func(m *meaning) { m.Lcores = map[int]int{0: 7, 1: 7} },
		},
		{
			name:   "more CPUs than lcores",
			config: func(c *eal.Config) { c.CPUs = many },
			want:   func(m *meaning) { m.Lcores = manyLcores },
		},
		{
			name:   "two NUMA nodes",
			config: func(c *eal.Config) { c.Memory.NodeMiB = []int{0, 1024} },
			want:   func(m *meaning) { m.SocketMem = []int{0, 1024} },
		},
		{
			name:   "hugepages as needed",
			config: func(c *eal.Config) { c.Memory = eal.Memory{} },
			want:   func(m *meaning) { m.SocketMem = nil },
		},
		{
			name:   "several processes",
			config: func(c *eal.Config) { c.MultiProcess = true },
			want:   func(m *meaning) { m.InMemory = false },
		},
		{
			name:   "no hugepages",
			config: func(c *eal.Config) { c.Memory = eal.Memory{NoHuge: true, NoHugeMiB: 256} },
			want: func(m *meaning) {
				m.InMemory, m.SingleFile, m.SocketMem, m.NoHuge, m.MiB = false, false, nil, true, 256
			},
		},
		{
			name:   "IOVA left to EAL, VF token",
			config: func(c *eal.Config) { c.IOVA, c.VFIOToken = "", "14d63f20-8445-11ea-8900-1f9ce7d5650d" },
			want:   func(m *meaning) { m.IOVA, m.Token = "", "14d63f20-8445-11ea-8900-1f9ce7d5650d" },
		},
		{
			name: "one PCI device on two interfaces, in two notations",
			config: func(c *eal.Config) {
				c.Devices = []eal.Device{
					eal.PCI{Origin: origin("net1"), Address: pciaddr.MustParse("0000:3B:02.6")},
					eal.PCI{Origin: origin("net2"), Address: pciaddr.MustParse("3b:02.6")},
					eal.PCI{Origin: origin("net3"), Address: pciaddr.MustParse("10000:01:00.0"), Args: []eal.DevArg{{Key: "mprq_en", Value: "1"}, {Key: "dv_flow_en", Value: "1"}}},
				}
			},
			want: func(m *meaning) { m.Allow = []string{"0000:3b:02.6", "10000:01:00.0,mprq_en=1,dv_flow_en=1"} },
		},
		{
			name: "an auxiliary device leaves the PCI bus to be closed",
			config: func(c *eal.Config) {
				c.Devices = []eal.Device{eal.Auxiliary{Origin: origin("net1"), Name: "mlx5_core.sf.4"}}
			},
			want: func(m *meaning) { m.Allow, m.NoPCI = []string{"auxiliary:mlx5_core.sf.4"}, true },
		},
		{
			name:   "no device",
			config: func(c *eal.Config) { c.Devices = nil },
			want:   func(m *meaning) { m.Allow, m.NoPCI = nil, true },
		},
		{
			name: "sockets",
			config: func(c *eal.Config) {
				c.Devices = []eal.Device{
					eal.VirtioUser{Origin: origin("net1"), Path: "/run/my dir/ü-net1"},
					eal.VirtioUser{Origin: origin("net2"), Path: "/run/s2", Server: true, MAC: "02:00:00:00:00:AB", Queues: 4},
					eal.VirtioUser{Origin: origin("net3"), Path: "/dev/vhost-vdpa-0", Queues: 1},
					eal.Memif{Origin: origin("net4"), Path: "/run/memif.sock", Server: true, MAC: "02-00-00-00-00-01", ID: 3},
					eal.Memif{Origin: origin("net5"), Path: "@vpp/memif-eth0"},
					eal.Vhost{Origin: origin("host0"), Path: "/run/h0"},
					eal.Vhost{Origin: origin("host1"), Path: "/run/h1", Client: true, Queues: 2},
					eal.VDev{Arg: "net_null0,size=64"},
				}
			},
			want: func(m *meaning) {
				m.Allow, m.NoPCI = nil, true
				m.VDevs = map[string]map[string]string{
					"net_virtio_user_net1": {"path": "/run/my dir/ü-net1"},
					"net_virtio_user_net2": {"path": "/run/s2", "server": "1", "mac": "02:00:00:00:00:ab", "queues": "4"},
					"net_virtio_user_net3": {"path": "/dev/vhost-vdpa-0"},
					"net_memif_net4": {
						"role": "server", "socket": "/run/memif.sock", "socket-abstract": "no", "mac": "02:00:00:00:00:01", "id": "3",
					},
					"net_memif_net5":  {"role": "client", "socket": "vpp/memif-eth0", "socket-abstract": "yes", "id": "0"},
					"net_vhost_host0": {"iface": "/run/h0"},
					"net_vhost_host1": {"iface": "/run/h1", "client": "1", "queues": "2"},
					"net_null0":       {"size": "64"},
				}
			},
		},
		{
			name: "extra arguments",
			config: func(c *eal.Config) {
				c.Extra = []string{"--log-level=lib.eal:debug", "--log-level", "pmd:info", "-a", "0000:00:01.0", "--vdev=net_null7", "--no-telemetry"}
			},
			want: func(m *meaning) {
				m.Logs = []string{"lib.eal:debug", "pmd:info"}
				m.Allow = append(m.Allow, "0000:00:01.0")
				m.VDevs = map[string]map[string]string{"net_null7": {}}
				m.Telemetry = false
			},
		},
		{
			name: "an extra PCI device opens the bus",
			config: func(c *eal.Config) {
				c.Devices, c.Extra = nil, []string{"-a", "0000:00:01.0"}
			},
			want: func(m *meaning) { m.Allow = []string{"0000:00:01.0"} },
		},
	}
	for _, tt := range tests {
		for version, dialect := range versions {
			t.Run(tt.name+" "+version.String(), func(t *testing.T) {
				c := config(tt.config)
				c.Version = version
				argv, err := c.Args()
				if err != nil {
					t.Fatal(err)
				}
				got, err := parse(dialect, argv)
				if err != nil {
					t.Fatalf("EAL would refuse %q: %v", argv, err)
				}
				if diff := cmp.Diff(want(tt.want), got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("meaning of %q (-want +got):\n%s", argv, diff)
				}
				for _, d := range c.Devices {
					if _, ok := got.VDevs[d.PortName()]; !ok && !slices.ContainsFunc(got.Allow, func(a string) bool { return strings.Contains(a, d.PortName()) }) {
						t.Errorf("no device of the name of port %q in %q", d.PortName(), argv)
					}
				}
			})
		}
	}
}

func TestLcores(t *testing.T) {
	c := config(func(c *eal.Config) { c.CPUs = []int{130, 131} })
	if diff := cmp.Diff([]eal.Lcore{{ID: 0, CPU: 130}, {ID: 1, CPU: 131}}, c.Lcores()); diff != "" {
		t.Errorf("two CPUs (-want +got):\n%s", diff)
	}
	c.CPUs = []int{5}
	if diff := cmp.Diff([]eal.Lcore{{ID: 0, CPU: 5}, {ID: 1, CPU: 5}}, c.Lcores()); diff != "" {
		t.Errorf("one CPU (-want +got):\n%s", diff)
	}
}

func TestArgsContradictions(t *testing.T) {
	tests := []struct {
		name   string
		config func(*eal.Config)
		text   string // in the error
	}{
		{"no CPUs", func(c *eal.Config) { c.CPUs = nil }, "no CPUs"},
		{"CPU over 1023", func(c *eal.Config) { c.CPUs = []int{3, 1024} }, "CPU 1024"},
		{"CPU below 0", func(c *eal.Config) { c.CPUs = []int{-1, 2} }, "CPU -1"},
		{"CPU twice", func(c *eal.Config) { c.CPUs = []int{3, 3} }, "CPU 3 after CPU 3"},
		{"several processes without hugepages", func(c *eal.Config) {
			c.MultiProcess, c.Memory = true, eal.Memory{NoHuge: true, NoHugeMiB: 64}
		}, "other processes"},
		{"both memories", func(c *eal.Config) { c.Memory.NoHuge = true }, "exclude"},
		{"amount without NoHuge", func(c *eal.Config) { c.Memory.NoHugeMiB = 3 }, "NoHuge"},
		{"no memory", func(c *eal.Config) { c.Memory = eal.Memory{NoHuge: true} }, "0 MiB"},
		{"no memory on any node", func(c *eal.Config) { c.Memory.NodeMiB = []int{0, 0} }, "0 MiB on every"},
		{"negative memory", func(c *eal.Config) { c.Memory.NodeMiB = []int{64, -1} }, "node 1"},
		{"33 nodes", func(c *eal.Config) { c.Memory.NodeMiB = make([]int, 33) }, "33 NUMA nodes"},
		{"empty prefix", func(c *eal.Config) { c.FilePrefix = "" }, "file prefix"},
		{"percent in prefix", func(c *eal.Config) { c.FilePrefix = "a%d" }, "file prefix"},
		{"path as prefix", func(c *eal.Config) { c.FilePrefix = "../x" }, "file prefix"},
		{"dots as prefix", func(c *eal.Config) { c.FilePrefix = ".." }, "file prefix"},
		{"long prefix", func(c *eal.Config) { c.FilePrefix = strings.Repeat("x", 65) }, "file prefix"},
		{"unknown IOVA", func(c *eal.Config) { c.IOVA = "dc" }, "IOVA mode"},
		{"two devices of one name", func(c *eal.Config) {
			c.Devices = []eal.Device{
				eal.Memif{Origin: origin("net1"), Path: "/a"}, eal.Memif{Origin: origin("net1"), Path: "/b"},
			}
		}, "net_memif_net1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			argv, err := config(tt.config).Args()
			if err == nil {
				t.Fatalf("no error, but %q", argv)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %q lacks %q", err, tt.text)
			}
			if errors.Is(err, eal.ErrInexpressible) {
				t.Errorf("error %q is ErrInexpressible, but no untrusted value is at fault", err)
			}
		})
	}
}

func TestExtraContradictions(t *testing.T) {
	tests := []struct {
		name    string
		version eal.Version
		extra   []string
		text    string // in the error
	}{
		{"scalar again", 0, []string{"--lcores=0@1"}, "--lcores"},
		{"the same by its short name", 0, []string{"-l", "0"}, "accepts one"},
		{"core mask", 0, []string{"-c", "3"}, "exclude"},
		{"remapped cores", eal.V25_11, []string{"-R"}, "exclude"},
		{"another main lcore", 0, []string{"--main-lcore=1"}, "exclude"},
		{"memory by another name", 0, []string{"-m", "64"}, "exclude"},
		{"memory by its new name", eal.V25_11, []string{"--numa-mem=64"}, "exclude"},
		{"no hugepages", 0, []string{"--no-huge"}, "exclude"},
		{"legacy memory", 0, []string{"--legacy-mem"}, "exclude"},
		{"unlink", 0, []string{"--huge-unlink=never"}, "exclude"},
		{"block beside allow", 0, []string{"-b", "0000:00:01.0"}, "exclude"},
		{"no PCI beside a PCI device", 0, []string{"--no-pci"}, "exclude"},
		{"device again", 0, []string{"-a", "3b:02.6,mprq_en=1"}, "0000:3b:02.6"},
		{"scalar twice in extra", 0, []string{"--base-virtaddr=1", "--base-virtaddr=2"}, "accepts one"},
		{"end of options", 0, []string{"--", "-i"}, "no option"},
		{"stray word", 0, []string{"net_null0"}, "no option"},
		{"empty word", 0, []string{""}, "no option"},
		{"a hyphen", 0, []string{"-"}, "no option"},
		{"value missing", 0, []string{"--vdev"}, "lacks its value"},
		{"value too many", 0, []string{"--no-telemetry=1"}, "takes no value"},
		{"abbreviation", 0, []string{"--no-tele"}, "--no-telemetry in full"},
		{"removed option", 0, []string{"-w", "0000:00:01.0"}, "no option of EAL of DPDK 22.11"},
		{"option of a later release", eal.V22_11, []string{"--log-color"}, "no option of EAL of DPDK 22.11"},
		{"long name of a later release", eal.V24_11, []string{"--memory-channels=4"}, "no option of EAL of DPDK 24.11"},
		{"short option with an equals sign", eal.V24_11, []string{"-n=4"}, "leave it out"},
		{"glued value, which rte_argparse does not know", eal.V25_11, []string{"-n4"}, "no option"},
		{"control character", 0, []string{"--log-level=a\nb"}, "control character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			argv, err := config(func(c *eal.Config) { c.Version, c.Extra = tt.version, tt.extra }).Args()
			if err == nil {
				t.Fatalf("no error, but %q", argv)
			}
			if !strings.Contains(err.Error(), tt.text) || !errors.Is(err, eal.ErrOption) {
				t.Errorf("error %q lacks %q, or is not ErrOption", err, tt.text)
			}
		})
	}
}

func TestExtraOfEachRelease(t *testing.T) {
	tests := []struct {
		version eal.Version
		extra   []string
	}{
		{eal.V22_11, []string{"-n4", "-v", "--syslog", "daemon", "--huge-worker-stack=512"}},
		{eal.V24_11, []string{"-n", "4", "--syslog", "--log-color=always"}},
		{eal.V25_11, []string{"-n", "4", "-r=2", "--driver-path=/x", "-d", "/y", "--numa-limit=64"}},
	}
	for _, tt := range tests {
		argv, err := config(func(c *eal.Config) { c.Version, c.Extra = tt.version, tt.extra }).Args()
		if err != nil {
			t.Errorf("%v: %v", tt.version, err)
			continue
		}
		if diff := cmp.Diff(tt.extra, argv[len(argv)-len(tt.extra):]); diff != "" {
			t.Errorf("%v: end of the arguments (-want +got):\n%s", tt.version, diff)
		}
	}
}
