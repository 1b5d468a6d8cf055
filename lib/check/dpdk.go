package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/render"
)

var _ = register(Check{
	ID: "eal-arguments", Group: DPDK,
	About: "The pod gives EAL arguments: at least one port, known CPUs, memory, and values that EAL can express.",
	Findings: []Finding{
		{Code: podnet.CodeNoPorts, Remedy: "request a device or a network for the pod, or name the devices to drive with --interfaces"},
		{Code: podnet.CodeCPUsUnknown, Remedy: "let the process read /proc/self/status or its control group's cpuset"},
		{Code: podnet.CodeInexpressible, Remedy: "give the device or its socket a name without commas, equals signs, brackets and quotes, shorter than 108 bytes"},
		{Code: podnet.CodeBadOption, Remedy: "correct the option"},
		{Code: podnet.CodeNoSuchInterface, Remedy: "name one that inspect lists"},
		{Code: podnet.CodeAmbiguous, Remedy: "name an interface, an address or a resource that stands for one device, or give a hint"},
		{Code: podnet.CodeUnknownDevice, Remedy: "name the device or the socket by a hint"},
		{Code: podnet.CodeMalformed, Remedy: "correct the value where the device comes from (pod-information has its place), or leave it out with --interfaces"},
		{Code: podnet.CodeNoHugepages, Remedy: "give the container hugepages-2Mi or hugepages-1Gi in resources.limits, or leave out --memory hugepages and --multi-process"},
		{Code: podnet.CodeBadRole, Remedy: "say the role by a hint, such as NETWORK=memif:PATH,server"},
		{Code: podnet.CodeMemifMode, Remedy: "set the memif's mode to ethernet in its network"},
		{Code: podnet.CodeVFToken, Remedy: "name interfaces that have one token with --interfaces"},
		{Code: podnet.CodeKernelNetdev, Remedy: "leave it out with --interfaces"},
		{Code: podnet.CodeVirtioVDPA, Remedy: "bind the vDPA device to vhost_vdpa on the node, or leave it out with --interfaces"},
		{Code: podnet.CodeDeviceNodeMissing, Remedy: "request the device's resource from its device plugin in the container's resources.limits"},
		{Code: podnet.CodeInfiniBand, Remedy: "leave it to RDMA programs (--interfaces without it)"},
	},
	Run: ealArguments,
})

func ealArguments(_ context.Context, s *Subject) []Result {
	if s.Err != nil {
		return ofError(s.Err)
	}
	if len(s.EAL.CPUs) == 0 {
		return skipped("no arguments were asked for")
	}
	args, err := s.EAL.Args()
	if err != nil {
		return ofError(err)
	}
	if slices.ContainsFunc(s.Ports, func(p podnet.Port) bool { return errors.Is(p.NotReady, podnet.CodeNotPresent) }) {
		return skipped("a port's device is not there (see ports-ready)")
	}
	return passed(strings.Join(args, " "))
}

// ofError gives a result for each error that was joined.
func ofError(err error) []Result {
	var results []Result
	for _, err := range split(err) {
		var r Result
		value, isValue := errors.AsType[*eal.ValueError](err)
		iface, isInterface := errors.AsType[*podnet.InterfaceError](err)
		container, isContainer := errors.AsType[*podnet.Error](err)
		switch {
		case isInterface:
			r = result(iface.Interface, iface.Problem)
		case isContainer:
			r = result("", container.Problem)
		case isValue:
			alone := *value // what the result has members for is not said twice
			alone.Interface, alone.Remedy = "", ""
			r = Result{Interface: value.Interface, Code: podnet.CodeInexpressible, Where: value.Where, Cause: alone.Error(), Remedy: value.Remedy}
		case errors.Is(err, eal.ErrOption):
			r = Result{Code: podnet.CodeBadOption, Cause: err.Error()}
		default:
			r = Result{Code: podnet.CodeInexpressible, Cause: err.Error()}
		}
		r.Status = Fail
		results = append(results, r)
	}
	return results
}

var _ = register(Check{
	ID: "dpdk-release", Group: DPDK,
	About: "podnet knows the DPDK release, and the arguments are for the one that will read them.",
	Findings: []Finding{
		{Code: podnet.CodeNoDPDK, Remedy: "use testpmd-wrapper as its image has it, or build it with DPDK (make build)"},
		{Code: podnet.CodeDPDKVersion, Status: Warn, Remedy: "give the release to --dpdk-version: the options of EAL differ between releases"},
	},
	Needs: func(s *Subject) string {
		if s.For == "" {
			return "nothing says which program is to run"
		}
		return ""
	},
	Run: dpdkRelease,
})

func dpdkRelease(_ context.Context, s *Subject) []Result {
	if s.linked() {
		switch {
		case s.Linked == "" && s.PID != 0:
			return skipped("the program that is to " + s.For + " is the other container's, and its DPDK is not known")
		case s.Linked == "":
			return []Result{{Code: podnet.CodeNoDPDK, Cause: "this program was built without DPDK, and cannot " + s.For}}
		}
		return passed("DPDK " + s.Linked + " is linked")
	}
	found := s.releases()
	var names []string
	for _, v := range found {
		names = append(names, v.String())
	}
	switch {
	case len(found) == 0:
		return skipped("no librte_eal is in the usual places: the program has its own DPDK")
	case !slices.Contains(found, release(s.EAL.Version)):
		return []Result{{
			Code: podnet.CodeDPDKVersion, Evidence: names,
			Cause: fmt.Sprintf("the arguments are for DPDK %s, and the container has %s", release(s.EAL.Version), strings.Join(names, ", ")),
		}}
	}
	return passed("DPDK " + strings.Join(names, ", ") + " is in the container")
}

// release is a version without its patch level.
func release(v eal.Version) eal.Version {
	if v == 0 {
		return eal.V22_11
	}
	return v &^ 0xff
}

// byABI are the releases by the major number of their libraries.
var byABI = map[int]eal.Version{23: eal.V22_11, 24: eal.V23_11, 25: eal.V24_11, 26: eal.V25_11}

// libraryDirs are the directories in which DPDK's libraries lie.
func (s *Subject) libraryDirs() []string {
	dirs := []string{"/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64"}
	for _, base := range []string{"/usr/lib", "/usr/local/lib"} {
		for _, name := range s.names(base) {
			if strings.HasSuffix(name, "-linux-gnu") {
				dirs = append(dirs, path.Join(base, name))
			}
		}
	}
	return dirs
}

// names lists a directory; nothing if it cannot be read.
func (s *Subject) names(dir string) []string {
	names, err := s.system.root.ReadDir(dir)
	if err != nil {
		return nil
	}
	return names
}

// releases are the releases of the DPDK libraries in the container.
func (s *Subject) releases() []eal.Version {
	found := map[eal.Version]bool{}
	for _, dir := range s.libraryDirs() {
		for _, name := range s.names(dir) {
			number, ok := strings.CutPrefix(name, "librte_eal.so.")
			if abi, err := strconv.Atoi(number); ok && err == nil && byABI[abi] != 0 {
				found[byABI[abi]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// pluginDirs are the directories from which DPDK loads its drivers, of the release
// that is to run.
func (s *Subject) pluginDirs() []string {
	var dirs []string
	for _, dir := range s.libraryDirs() {
		for _, name := range s.names(path.Join(dir, "dpdk")) {
			number, _, _ := strings.Cut(strings.TrimPrefix(name, "pmds-"), ".")
			if abi, err := strconv.Atoi(number); err == nil && byABI[abi] == release(s.EAL.Version) {
				dirs = append(dirs, path.Join(dir, "dpdk", name))
			}
		}
	}
	return dirs
}

func needsPlugins(s *Subject) string {
	switch {
	case s.Err != nil:
		return "DPDK has no arguments"
	case len(s.pluginDirs()) == 0:
		return "no directory of DPDK's drivers is in the usual places: they are built in"
	}
	return ""
}

var _ = register(Check{
	ID: "dpdk-drivers", Group: DPDK,
	About: "DPDK's directory of drivers has the one of each port.",
	Findings: []Finding{{
		Code:   podnet.CodeNoPMD,
		Remedy: "install the package of the driver (on Debian librte-net-NAME, on Fedora and RHEL dpdk), or build DPDK with -Denable_drivers=net/NAME and the driver's own libraries (rdma-core for mlx5)",
	}},
	Needs: needsPlugins,
	Run:   dpdkDrivers,
})

func dpdkDrivers(_ context.Context, s *Subject) []Result {
	dirs := s.pluginDirs()
	have := map[string]bool{}
	for _, dir := range dirs {
		for _, name := range s.names(dir) {
			driver, _, _ := strings.Cut(name, ".so")
			have[driver] = true
		}
	}
	var results []Result
	var evidence []string
	need := func(iface, driver string) {
		switch {
		case driver == "":
		case have["librte_net_"+driver]:
			evidence = append(evidence, iface+": librte_net_"+driver)
		default:
			results = append(results, Result{
				Interface: iface, Code: podnet.CodeNoPMD, Where: dirs[0], Cause: "DPDK has no driver net_" + driver + " here",
			})
		}
	}
	for _, p := range s.PodPorts() {
		if pci := p.Interface.PCI; pci != nil {
			need(p.Port.Interface, driverOfDevice(pci))
		}
	}
	for _, d := range s.EAL.Devices {
		switch d := d.(type) {
		case eal.VirtioUser:
			need(d.Origin.Interface, "virtio")
		case eal.Memif:
			need(d.Origin.Interface, "memif")
		case eal.Vhost:
			need(d.Origin.Interface, "vhost")
		case eal.VDev:
			if driver, ok := strings.CutPrefix(driverName(d), "net_"); ok {
				need(d.PortName(), strings.TrimSuffix(driver, "_user"))
			}
		}
	}
	if len(results) == 0 {
		return passed(evidence...)
	}
	return results
}

// driverOfDevice is the driver of a function, by vendor and device; empty: not known. It
// knows the functions that pods are given most often.
func driverOfDevice(p *podnet.PCI) string {
	if p.Auxiliary != "" {
		return "mlx5"
	}
	if driver := driversByDevice[p.Vendor+":"+p.Device]; driver != "" {
		return driver
	}
	return driversByVendor[p.Vendor]
}

var driversByVendor = map[string]string{
	"15b3": "mlx5", "1af4": "virtio", "1d0f": "ena", "14e4": "bnxt",
}

var driversByDevice = map[string]string{
	"15b3:1003": "mlx4", "15b3:1004": "mlx4", "15b3:1007": "mlx4",
	"8086:154c": "iavf", "8086:1571": "iavf", "8086:1889": "iavf", "8086:37cd": "iavf", "8086:145c": "iavf",
	"8086:10ed": "ixgbe", "8086:1515": "ixgbe", "8086:1565": "ixgbe", "8086:15a8": "ixgbe", "8086:15c5": "ixgbe", "8086:10fb": "ixgbe",
	"8086:1520": "e1000", "8086:10ca": "e1000", "8086:10c9": "e1000", "8086:10d3": "e1000", "8086:100e": "e1000",
	"8086:1572": "i40e", "8086:1583": "i40e", "8086:1584": "i40e", "8086:158b": "i40e", "8086:37d2": "i40e",
	"8086:1592": "ice", "8086:1593": "ice", "8086:159b": "ice",
	"15ad:07b0": "vmxnet3", "1414:00ba": "mana",
}

var _ = register(Check{
	ID: "dpdk-plugins", Group: DPDK,
	About: "Nobody but its owner may write to DPDK's directory of drivers; EAL refuses one that everybody may write to.",
	Findings: []Finding{{
		Code:   podnet.CodePluginDirectory,
		Remedy: "take the permission away (chmod o-w) where the image is built, on the directory and on those above it",
	}},
	Needs: needsPlugins,
	Run:   dpdkPlugins,
})

func dpdkPlugins(_ context.Context, s *Subject) []Result {
	var results []Result
	var evidence []string
	for _, dir := range s.pluginDirs() {
		evidence = append(evidence, s.system.described(dir)...)
		for at := dir; at != "/"; at = path.Dir(at) {
			if info, err := s.system.root.Stat(at); err == nil && info.Mode()&0o002 != 0 {
				results = append(results, Result{
					Code: podnet.CodePluginDirectory, Where: at, Evidence: s.system.described(at),
					Cause: "everybody may write to " + at + ", and EAL loads no drivers from " + dir,
				})
				break
			}
		}
	}
	if len(results) == 0 {
		return passed(evidence...)
	}
	return results
}

var _ = register(Check{
	ID: "program", Group: DPDK,
	About:    "With --for exec or an application: its program is in a directory of PATH.",
	Findings: []Finding{{Code: podnet.CodeNoProgram}},
	Needs: func(s *Subject) string {
		switch {
		case s.linked():
			return "DPDK is in this program"
		case !strings.Contains(s.For, "/") && s.variable("PATH") == "":
			return "PATH is not set"
		}
		return ""
	},
	Run: program,
})

func program(_ context.Context, s *Subject) []Result {
	app := render.App(s.For)
	if s.For == "exec" {
		app = render.Testpmd
	}
	name := render.Program(app)
	dirs := []string{""}
	if !strings.Contains(name, "/") {
		dirs = strings.Split(s.variable("PATH"), ":")
	}
	for _, dir := range dirs {
		file := path.Join("/", dir, name)
		if info, err := s.system.root.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return passed(file)
		}
	}
	return []Result{{
		Code: podnet.CodeNoProgram, Where: "PATH", Cause: name + " is not in the container", Remedy: render.HowToGet(app),
	}}
}
