package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

func needsProcess(s *Subject) string {
	if !s.system.process.known {
		return "what the process may do is not known"
	}
	return ""
}

var _ = register(Check{
	ID: "capabilities", Group: Privileges,
	About: "The process holds, or may raise, the capabilities that the ports' drivers need: NET_RAW for NVIDIA's, NET_RAW and NET_ADMIN for AF_PACKET, NET_ADMIN for TAP.",
	Findings: []Finding{{
		Code: podnet.CodeNoCapability, Remedy: "add the capability to the container's securityContext.capabilities.add",
	}},
	Needs: needsProcess,
	Run:   capabilities,
})

func capabilities(_ context.Context, s *Subject) []Result {
	var results []Result
	need := func(iface string, c capability, why string) {
		p := s.system.process
		if !p.has(c) && !p.mayRaise(c) {
			results = append(results, Result{
				Interface: iface, Code: podnet.CodeNoCapability, Where: "/proc/self/status CapPrm",
				Cause:  fmt.Sprintf("%s needs CAP_%s, which the process neither holds nor may raise", why, c.name),
				Remedy: "add " + c.name + " to the container's securityContext.capabilities.add, and for a user other than root to the program's file (setcap)",
			})
		}
	}
	for _, p := range s.PodPorts() {
		if pci := p.Interface.PCI; pci != nil && (pci.Driver == "mlx5_core" || pci.Driver == "mlx4_core" || pci.Auxiliary != "") {
			need(p.Port.Interface, netRaw, "NVIDIA's driver")
		}
	}
	for _, d := range s.EAL.Devices {
		iface, driver := d.PortName(), driverName(d)
		if p, ok := d.(eal.AFPacket); ok {
			iface, driver = p.Origin.Interface, packetDriver
		}
		switch driver {
		case packetDriver:
			need(iface, netRaw, driver)
			// When the port starts, DPDK sets the promiscuous mode that the netdev has.
			// It fails without the right to do so.
			need(iface, netAdmin, driver)
		case "net_tap":
			need(iface, netAdmin, driver)
		}
	}
	return results
}

// packetDriver drives a netdev of the kernel's by packet sockets.
const packetDriver = "net_af_packet"

// driverName is the name of a virtual device without its number.
func driverName(d eal.Device) string {
	return strings.TrimRight(d.PortName(), "0123456789")
}

var _ = register(Check{
	ID: "seccomp", Group: Privileges,
	About: "The container's system call filter allows get_mempolicy and set_mempolicy, without which EAL takes no hugepages. With libnuma 2.0.19 or later EAL does without both.",
	Findings: []Finding{{
		Code:   podnet.CodeSeccomp,
		Remedy: "add SYS_NICE to the container's securityContext.capabilities.add (RuntimeDefault then allows the calls), set seccompProfile to a Localhost profile that does, or install libnuma 2.0.19 or later",
	}},
	Needs: func(s *Subject) string {
		if !s.EAL.Memory.NoHuge && s.hugepageMiB() == 0 {
			return "DPDK takes no certain number of hugepages"
		}
		if s.EAL.Memory.NoHuge {
			return "DPDK runs on ordinary pages"
		}
		return needsProcess(s)
	},
	Run: seccomp,
})

// seccomp tries the calls that a filter may forbid, where it can. podnet's own DPDK does
// not need them.
func seccomp(_ context.Context, s *Subject) []Result {
	p := s.system.process
	switch {
	case !p.seccomp:
		return passed("no system call filter")
	case s.system.mempolicy == nil && p.has(sysNice):
		return passed("a system call filter, and SYS_NICE, with which RuntimeDefault allows the calls")
	case s.system.mempolicy == nil:
		return skipped("a system call filter is on; whether it allows get_mempolicy only the process itself can tell")
	}
	err := s.system.mempolicy()
	switch {
	case err == nil:
		return passed("a system call filter that allows get_mempolicy and set_mempolicy")
	case s.linked():
		return passed(fmt.Sprintf("%v: DPDK in this program does without", err))
	}
	r := Result{
		Code: podnet.CodeSeccomp, Where: "/proc/self/status Seccomp",
		Cause: fmt.Sprintf("the container's system call filter forbids calls that EAL needs to take hugepages: %v", err),
	}
	refused, _ := errors.AsType[*os.SyscallError](err)
	asks := refused == nil || refused.Syscall == "get_mempolicy" // by which libnuma finds out
	switch version, goesOn := s.libnuma(); {
	case goesOn && asks:
		return passed(fmt.Sprintf("%v: libnuma %s, and so EAL, does without", err, version))
	case version == "" && asks:
		r.Status, r.Cause = Warn, r.Cause+"; with libnuma 2.0.19 or later it does without"
	case version != "":
		r.Evidence = []string{"libnuma " + version}
	}
	return []Result{r}
}

// maxPackages bounds what is read of the list of packages.
const maxPackages = 8 << 20

// libnuma is the version of the package, where Debian's list has it, and whether its
// numa_available says no where the calls are forbidden, so that EAL takes memory
// without them: since 2.0.19 (numactl's pull request 232).
func (s *Subject) libnuma() (version string, goesOn bool) {
	text, err := s.system.root.ReadLines("/var/lib/dpkg/status", maxPackages)
	if err != nil {
		return "", false
	}
	_, entry, found := strings.Cut("\n"+string(text), "\nPackage: libnuma1\n")
	if !found {
		return "", false
	}
	entry, _, _ = strings.Cut(entry, "\n\n")
	if status, _ := kernel.Field(entry, "Status"); !strings.HasSuffix(status, " installed") {
		return "", false
	}
	version, _ = kernel.Field(entry, "Version")
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); n < 3 {
		return "", false
	}
	return version, cmp.Or(cmp.Compare(major, 2), cmp.Compare(minor, 0), cmp.Compare(patch, 19)) >= 0
}

var _ = register(Check{
	ID: "runtime-directory", Group: Privileges,
	About: "EAL can make its runtime directory (below RUNTIME_DIRECTORY, /var/run, XDG_RUNTIME_DIR or /tmp), and no other DPDK process has the file prefix.",
	Findings: []Finding{
		{Code: podnet.CodeNoRuntimeDir, Remedy: "mount an emptyDir, and name its path in the container's variable RUNTIME_DIRECTORY"},
		{Code: podnet.CodePrefixInUse, Remedy: "give each DPDK process a --file-prefix of its own"},
	},
	Needs: func(s *Subject) string {
		switch {
		case s.EAL.FilePrefix == "":
			return "DPDK has no arguments"
		case s.system.access == nil:
			return "the files are a copy: who may write to a directory is not known"
		}
		return ""
	},
	Run: runtimeDirectory,
})

func runtimeDirectory(_ context.Context, s *Subject) []Result {
	base := s.runtimeBase()
	dir := path.Join(base, "dpdk", s.EAL.FilePrefix)
	inMemory := !s.EAL.Memory.NoHuge && !s.EAL.MultiProcess
	err := s.makeable(dir)
	switch {
	case err == nil && !inMemory && s.system.locked != nil && s.system.locked(path.Join(dir, "config")):
		return []Result{{
			Code: podnet.CodePrefixInUse, Where: dir + "/config",
			Cause: "another DPDK process has the file prefix " + s.EAL.FilePrefix,
		}}
	case err == nil:
		return passed(dir)
	}
	r := Result{
		Code: podnet.CodeNoRuntimeDir, Where: base, Evidence: s.system.described(base),
		Cause: fmt.Sprintf("EAL cannot make %s: %v", dir, err),
	}
	// podnet owns the directories of prefixes of its own. With another one, in memory
	// alone, EAL goes on, and its telemetry looks for another place.
	if own := strings.HasPrefix(s.EAL.FilePrefix, "podnet"); !own && inMemory && s.makeable("/tmp/dpdk_telemetry.v2") == nil {
		r.Status, r.Cause = Warn, r.Cause+"; it goes on without, and its telemetry socket is in /tmp"
	}
	return []Result{r}
}

// runtimeBase is where EAL makes its runtime directory (eal_create_runtime_dir).
func (s *Subject) runtimeBase() string {
	switch base := s.variable("RUNTIME_DIRECTORY"); {
	case base != "":
		return base
	case s.system.process.uid == 0:
		return "/var/run"
	}
	return cmp.Or(s.variable("XDG_RUNTIME_DIR"), "/tmp")
}

// variable is the value of a variable of the container's environment.
func (s *Subject) variable(name string) string {
	environ := s.Environ
	if environ == nil {
		environ = os.Environ()
	}
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// makeable tells why a file or directory cannot be made: the nearest directory that
// is there cannot be written.
func (s *Subject) makeable(name string) error {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		err := s.system.access(dir, mayWrite|maySearch)
		if !errors.Is(err, fs.ErrNotExist) || dir == "/" || dir == "." {
			return err
		}
	}
}
