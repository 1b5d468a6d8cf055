package eal

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Limits of DPDK's builds (config/rte_config.h, meson's defaults for x86).
const (
	// MaxLcores is how many lcores a DPDK process can have (RTE_MAX_LCORE).
	MaxLcores = 128
	// maxCPU is the highest CPU id that EAL can put into an affinity mask
	// (CPU_SETSIZE - 1).
	maxCPU = 1023
	// maxNodes is how many NUMA nodes EAL knows (RTE_MAX_NUMA_NODES).
	maxNodes = 32
)

// Lcore is a thread of DPDK and the CPU that it runs on, as the arguments ask for it.
type Lcore struct {
	ID  int
	CPU int
}

// Lcores are the lcores that Args asks for: one for each CPU, numbered from 0. The first is
// the main lcore. If there is only one CPU, it carries two lcores. If there are more than
// MaxLcores CPUs, the first MaxLcores get one; the others stay free for the process's
// ordinary threads.
func (c Config) Lcores() []Lcore {
	cpus := c.CPUs
	if len(cpus) == 1 {
		cpus = []int{cpus[0], cpus[0]}
	}
	lcores := make([]Lcore, 0, MaxLcores)
	for id, cpu := range cpus[:min(len(cpus), MaxLcores)] {
		lcores = append(lcores, Lcore{ID: id, CPU: cpu})
	}
	return lcores
}

// Args renders the arguments of rte_eal_init, without the program's name and
// without a final "--". Values that cannot be expressed are reported as a
// *ValueError; other errors say which part of the Config contradicts itself.
func (c Config) Args() ([]string, error) {
	args, err := c.lcoreArgs()
	if err != nil {
		return nil, err
	}
	memory, err := c.memoryArgs()
	if err != nil {
		return nil, err
	}
	args = append(args, memory...)
	if !isFilePrefix(c.FilePrefix) {
		return nil, fmt.Errorf("%w: file prefix %s: want 1 to %d letters, digits, dots, underscores and hyphens, the first a letter, digit or underscore",
			ErrOption, shown(c.FilePrefix), maxFilePrefix)
	}
	args = append(args, "--file-prefix="+c.FilePrefix)
	switch c.IOVA {
	case "":
	case IOVAVirtual, IOVAPhysical:
		args = append(args, "--iova-mode="+string(c.IOVA))
	default:
		return nil, fmt.Errorf("%w: IOVA mode %s: want %s or %s", ErrOption, shown(string(c.IOVA)), IOVAVirtual, IOVAPhysical)
	}
	devices, err := c.deviceArgs()
	if err != nil {
		return nil, err
	}
	args = append(args, devices...)
	if c.VFIOToken != "" {
		if !isUUID(c.VFIOToken) {
			return nil, c.VFIOTokenOrigin.errorf("VF token", c.VFIOToken, "", "is not a UUID")
		}
		args = append(args, "--vfio-vf-token="+c.VFIOToken)
	}
	return c.withExtra(args)
}

// PortNames are the names of the ports-to-be, once each, in the order of Devices
// and then of those that Extra adds.
func (c Config) PortNames() []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, d := range c.Devices {
		if pci, ok := d.(PCI); ok && len(pci.MACs) > 1 {
			for n := range pci.MACs {
				add(ManyPortName(pci.Address, n))
			}
			continue
		}
		add(d.PortName())
	}
	extra, err := parseOptions(c.Version, c.Extra)
	if err != nil {
		return names // Args reports it
	}
	for _, g := range extra {
		if g.long == "vdev" || g.long == "allow" {
			add(deviceName(g))
		}
	}
	return names
}

// lcoreArgs maps lcore ids to CPUs. Only --lcores can do that in every release,
// and only mapped ids let CPUs beyond RTE_MAX_LCORE be used.
func (c Config) lcoreArgs() ([]string, error) {
	if len(c.CPUs) == 0 {
		return nil, errors.New("no CPUs to run on: EAL needs one at least")
	}
	for i, cpu := range c.CPUs {
		if cpu < 0 || cpu > maxCPU {
			return nil, fmt.Errorf("CPU %d: EAL can use CPUs 0 to %d", cpu, maxCPU)
		}
		if i > 0 && cpu <= c.CPUs[i-1] {
			return nil, fmt.Errorf("CPU %d after CPU %d: want each CPU once, in ascending order", cpu, c.CPUs[i-1])
		}
	}
	if len(c.CPUs) == 1 {
		return []string{fmt.Sprintf("--lcores=(0-1)@%d", c.CPUs[0])}, nil
	}
	var maps []string
	for _, l := range c.Lcores() {
		maps = append(maps, fmt.Sprintf("%d@%d", l.ID, l.CPU))
	}
	return []string{"--lcores=" + strings.Join(maps, ",")}, nil
}

// memoryArgs renders hugepages or ordinary pages. --single-file-segments keeps
// the number of file descriptors below the eight regions that vhost-user can
// share. DPDK 22.11 refuses --in-memory beside --no-huge, and 25.11
// --single-file-segments.
func (c Config) memoryArgs() ([]string, error) {
	m := c.Memory
	if m.NoHuge {
		if c.MultiProcess {
			return nil, fmt.Errorf("%w: memory without hugepages cannot be shared with other processes", ErrOption)
		}
		if len(m.NodeMiB) > 0 {
			return nil, errors.New("memory: hugepages on NUMA nodes and no hugepages exclude each other")
		}
		if m.NoHugeMiB <= 0 {
			return nil, fmt.Errorf("memory: %d MiB without hugepages: want more than 0", m.NoHugeMiB)
		}
		return []string{"--no-huge", "-m", strconv.Itoa(m.NoHugeMiB)}, nil
	}
	if m.NoHugeMiB != 0 {
		return nil, fmt.Errorf("memory: %d MiB without hugepages, but hugepages are not ruled out: set NoHuge", m.NoHugeMiB)
	}
	args := []string{"--single-file-segments"}
	if !c.MultiProcess {
		args = []string{"--in-memory", "--single-file-segments"}
	}
	if len(m.NodeMiB) == 0 {
		return args, nil
	}
	if len(m.NodeMiB) > maxNodes {
		return nil, fmt.Errorf("memory: %d NUMA nodes, and EAL knows %d", len(m.NodeMiB), maxNodes)
	}
	var nodes []string
	for node, mib := range m.NodeMiB {
		if mib < 0 {
			return nil, fmt.Errorf("memory: %d MiB on NUMA node %d", mib, node)
		}
		nodes = append(nodes, strconv.Itoa(mib))
	}
	if slices.Max(m.NodeMiB) == 0 {
		return nil, errors.New("memory: 0 MiB on every NUMA node: EAL needs some")
	}
	return append(args, "--socket-mem="+strings.Join(nodes, ",")), nil
}

// deviceArgs renders each distinct device once, PCI and auxiliary ones first as EAL probes
// them. If no PCI function is allowed, EAL would probe every function of the host, so
// deviceArgs adds --no-pci.
func (c Config) deviceArgs() ([]string, error) {
	if err := c.checkAFXDP(); err != nil {
		return nil, err
	}
	var allow, vdevs []string
	noPCI := !allowsPCI(c.Version, c.Extra)
	seen := make(map[string]string) // by port name
	for _, d := range c.Devices {
		option, argument, err := d.render(c.Version)
		if err != nil {
			return nil, err
		}
		if m, ok := d.(Memif); ok && c.Memory.NoHuge && value(m.Args, "zero-copy") == "yes" {
			return nil, m.Origin.bad(fmt.Errorf("%w: device argument zero-copy=yes: it needs hugepages", ErrOption))
		}
		if other, ok := seen[d.PortName()]; ok {
			if other == argument {
				continue
			}
			return nil, fmt.Errorf("two devices are named %s: %s and %s", shown(d.PortName()), shown(other), shown(argument))
		}
		seen[d.PortName()] = argument
		if option == optAllow {
			allow = append(allow, optAllow, argument)
			noPCI = noPCI && strings.HasPrefix(argument, auxiliaryBus)
		} else {
			vdevs = append(vdevs, optVDev+"="+argument)
		}
	}
	if noPCI {
		allow = append(allow, "--no-pci")
	}
	return append(allow, vdevs...), nil
}

// checkArgument checks that s, which the caller vouches for, is one argument of
// a command line and one line of a log.
func (o Origin) checkArgument(s string) error {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return o.errorf("device argument", s, "", "has a control character")
	}
	return nil
}
