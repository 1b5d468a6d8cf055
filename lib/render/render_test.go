package render_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/render"
)

// config is a Config to vary: valid, with one device.
func config(change func(*eal.Config)) eal.Config {
	c := eal.Config{
		CPUs:       []int{4, 5},
		Memory:     eal.Memory{NodeMiB: []int{512}},
		FilePrefix: "podnet",
		Devices:    []eal.Device{eal.PCI{Address: pciaddr.MustParse("0000:3b:02.6")}},
	}
	change(&c)
	return c
}

// appConfig has that many memif ports, and CPUs from 130 on.
func appConfig(ports, cpus int) eal.Config {
	return config(func(c *eal.Config) {
		c.CPUs, c.Devices = nil, nil
		for i := range cpus {
			c.CPUs = append(c.CPUs, 130+i)
		}
		for i := range ports {
			name := "net" + strconv.Itoa(i)
			c.Devices = append(c.Devices, eal.Memif{Origin: eal.Origin{Interface: name}, Path: "/" + name})
		}
	})
}

// appFlags reads an application's arguments: long options with "=", short ones
// with the next word as their value unless they are among switches.
func appFlags(t *testing.T, args []string, switches string) map[string]string {
	t.Helper()
	flags := map[string]string{}
	for i := 0; i < len(args); i++ {
		name, value, _ := strings.Cut(args[i], "=")
		if !strings.HasPrefix(name, "-") {
			t.Fatalf("stray word %q in %q", name, args)
		}
		if !strings.HasPrefix(name, "--") && !strings.Contains(switches, name) {
			i++
			value = args[i]
		}
		if _, ok := flags[name]; ok {
			t.Fatalf("%s twice in %q", name, args)
		}
		flags[name] = value
	}
	return flags
}

func TestTestpmdArgs(t *testing.T) {
	tests := []struct {
		name                string
		ports, cpus, queues int
		mib                 int // hugepages on each of two nodes; 0: as needed
		mtu                 int
		want                map[string]string
	}{
		{
			name: "one port, one CPU", ports: 1, cpus: 1,
			want: map[string]string{"--nb-cores": "1", "--rxq": "1", "--txq": "1", "--total-num-mbufs": "3072", "--port-topology": "loop"},
		},
		{
			name: "two ports, four CPUs", ports: 2, cpus: 4, queues: 1,
			want: map[string]string{"--nb-cores": "2", "--rxq": "1", "--txq": "1", "--total-num-mbufs": "6144", "--port-topology": "paired"},
		},
		{
			name: "three ports, two queues", ports: 3, cpus: 4, queues: 2,
			want: map[string]string{
				"--nb-cores": "3", "--rxq": "2", "--txq": "2", "--total-num-mbufs": "14336", "--port-topology": "chained", "--rss-udp": "",
			},
		},
		{
			name: "jumbo frames in little memory", ports: 2, cpus: 4, mib: 32, mtu: 9000,
			want: map[string]string{
				"--nb-cores": "2", "--rxq": "1", "--txq": "1", "--total-num-mbufs": "2528", "--port-topology": "paired",
				"--max-pkt-len": "9018", "--mbuf-size": "9150",
			},
		},
		{
			name: "little memory", ports: 2, cpus: 4, queues: 4, mib: 16,
			want: map[string]string{
				"--nb-cores": "3", "--rxq": "4", "--txq": "4", "--total-num-mbufs": "4800", "--port-topology": "paired", "--rss-udp": "",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := appConfig(tt.ports, tt.cpus)
			c.Memory.NodeMiB = nil
			if tt.mib > 0 {
				c.Memory.NodeMiB = []int{2 * tt.mib, 0, tt.mib}
			}
			args, err := render.Args(c, render.Testpmd, render.Options{Queues: tt.queues, MTU: tt.mtu})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, appFlags(t, args, "")); diff != "" {
				t.Errorf("testpmd's arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestL2fwdArgs(t *testing.T) {
	tests := []struct {
		ports, cpus int
		mask, each  string
	}{
		{1, 1, "0x1", "1"},
		{2, 4, "0x3", "1"},
		{5, 2, "0x1f", "3"},
		{32, 2, "0xffffffff", "16"},
		{63, 64, "0x7fffffffffffffff", "1"},
	}
	for _, tt := range tests {
		args, err := render.Args(appConfig(tt.ports, tt.cpus), render.L2fwd, render.Options{})
		if err != nil {
			t.Errorf("%d ports: %v", tt.ports, err)
			continue
		}
		want := map[string]string{"-p": tt.mask, "-q": tt.each}
		if diff := cmp.Diff(want, appFlags(t, args, "")); diff != "" {
			t.Errorf("%d ports, %d CPUs (-want +got):\n%s", tt.ports, tt.cpus, diff)
		}
	}
}

func TestL3fwdArgs(t *testing.T) {
	c := appConfig(2, 4)
	c.Version = eal.V24_11
	args, err := render.Args(c, render.L3fwd, render.Options{Queues: 2})
	if err != nil {
		t.Fatal(err)
	}
	flags := appFlags(t, args, "")
	if flags["-p"] != "0x3" {
		t.Errorf("mask %q, want 0x3", flags["-p"])
	}
	for _, name := range []string{"--parse-ptype", "--relax-rx-offload"} {
		if _, ok := flags[name]; !ok {
			t.Errorf("no %s for virtual devices in %q", name, args)
		}
	}
	// Each queue of each port once, on lcores that exist and are not the main one.
	config := flags["--config"]
	if strings.ContainsAny(config, `"'`) {
		t.Errorf("quotes in %q would reach the application", config)
	}
	got := map[string]int{}
	for tuple := range strings.SplitSeq(strings.Trim(config, "()"), "),(") {
		var port, queue, lcore int
		if n, err := fmt.Sscanf(tuple, "%d,%d,%d", &port, &queue, &lcore); n != 3 || err != nil {
			t.Fatalf("%q is no (port,queue,lcore): %v", tuple, err)
		}
		got[fmt.Sprintf("%d/%d", port, queue)] = lcore
	}
	if diff := cmp.Diff(map[string]int{"0/0": 1, "0/1": 2, "1/0": 3, "1/1": 1}, got); diff != "" {
		t.Errorf("lcore of each port/queue (-want +got):\n%s", diff)
	}

	c = config2PCI()
	if args, err = render.Args(c, render.L3fwd, render.Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"-p": "0x3", "--config": "(0,0,1),(1,0,1)"}, appFlags(t, args, "")); diff != "" {
		t.Errorf("two VFs on two CPUs (-want +got):\n%s", diff)
	}
}

// config2PCI has two VFs, one of them twice.
func config2PCI() eal.Config {
	return config(func(c *eal.Config) {
		c.Devices = append(c.Devices, eal.PCI{Address: pciaddr.MustParse("3b:02.6")}, eal.PCI{Address: pciaddr.MustParse("3b:02.7")})
	})
}

func TestPktgenArgs(t *testing.T) {
	tests := []struct {
		ports, cpus, queues int
		matrix              string
	}{
		{1, 1, 1, "[1:1].0"},
		{1, 2, 1, "[1:1].0"},
		{1, 3, 1, "[1:2].0"},
		{2, 3, 1, "[1:1].0,[2:2].1"},
		{2, 5, 4, "[1:2].0,[3:4].1"},
		{2, 9, 2, "[1-2:3-4].0,[5-6:7-8].1"},
		{3, 3, 1, "[1:1].0,[2:2].1,[1:1].2"},
	}
	for _, tt := range tests {
		args, err := render.Args(appConfig(tt.ports, tt.cpus), render.Pktgen, render.Options{Queues: tt.queues})
		if err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		if diff := cmp.Diff(map[string]string{"-P": "", "-m": tt.matrix}, appFlags(t, args, "-P")); diff != "" {
			t.Errorf("%d ports, %d CPUs (-want +got):\n%s", tt.ports, tt.cpus, diff)
		}
	}
}

// Devices of the caller's own become ports too.
func TestArgsCountsExtra(t *testing.T) {
	c := config(func(c *eal.Config) {
		c.Extra = []string{"--vdev=net_null0", "--vdev", "net_null1,size=64", "-a", "0000:00:01.0"}
	})
	args, err := render.Args(c, render.L2fwd, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := appFlags(t, args, "")["-p"]; got != "0xf" {
		t.Errorf("mask %s for one device and three extra ones, want 0xf", got)
	}
}

func TestArgsFails(t *testing.T) {
	little := appConfig(1, 2)
	little.Memory = eal.Memory{NoHuge: true, NoHugeMiB: 6}
	tests := []struct {
		name   string
		config eal.Config
		app    render.App
		queues int
		text   string
	}{
		{"no port", appConfig(0, 2), render.Testpmd, 1, "no port"},
		{"no CPU", appConfig(1, 0), render.Pktgen, 1, "no CPUs"},
		{"unknown application", appConfig(1, 2), "vpp", 1, `"vpp"`},
		{"64 ports", appConfig(64, 64), render.L2fwd, 1, "64 ports"},
		{"64 ports of l3fwd", appConfig(64, 64), render.L3fwd, 1, "64 ports"},
		{"more ports than l2fwd polls", appConfig(33, 2), render.L2fwd, 1, "33 ports on 2 lcores"},
		{"memory for nothing", little, render.Testpmd, 1, "6 MiB"},
		{"129 queues", appConfig(1, 2), render.Testpmd, 129, "129 queues"},
	}
	for _, tt := range tests {
		args, err := render.Args(tt.config, tt.app, render.Options{Queues: tt.queues})
		if err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: got %q and error %v, want an error with %q", tt.name, args, err, tt.text)
		}
	}
}

// An application's arguments name only lcores of EAL's.
func TestArgsNameOnlyLcoresOfEAL(t *testing.T) {
	lcore := map[render.App]*regexp.Regexp{
		render.L3fwd:  regexp.MustCompile(`,(\d+)\)`),
		render.Pktgen: regexp.MustCompile(`(\d+)[-:\]]`),
	}
	for app, re := range lcore {
		for ports := 1; ports < 6; ports++ {
			for cpus := 1; cpus < 9; cpus++ {
				c := appConfig(ports, cpus)
				args, err := render.Args(c, app, render.Options{Queues: 2})
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range re.FindAllStringSubmatch(strings.Join(args, " "), -1) {
					if id, _ := strconv.Atoi(m[1]); id < 1 || id >= len(c.Lcores()) {
						t.Errorf("%s, %d ports, %d CPUs: lcore %d in %q", app, ports, cpus, id, args)
					}
				}
			}
		}
	}
}
