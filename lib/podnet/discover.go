package podnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/afxdp"
	"github.com/podnet/podnet/lib/internal/source/calico"
	"github.com/podnet/podnet/lib/internal/source/cgroup"
	"github.com/podnet/podnet/lib/internal/source/deviceplugin"
	"github.com/podnet/podnet/lib/internal/source/downward"
	"github.com/podnet/podnet/lib/internal/source/dra"
	"github.com/podnet/podnet/lib/internal/source/gke"
	"github.com/podnet/podnet/lib/internal/source/netns"
	"github.com/podnet/podnet/lib/internal/source/netstatus"
	"github.com/podnet/podnet/lib/internal/source/ovn"
	"github.com/podnet/podnet/lib/internal/source/socket"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
	"github.com/podnet/podnet/lib/internal/source/userspace"
	"github.com/podnet/podnet/lib/pciaddr"
)

// Options say where Discover reads. The zero value is this process's own
// container.
type Options struct {
	// Root is the directory that stands for "/"; empty means "/" itself. Links
	// below it resolve inside it, absolute ones too, as after a chroot.
	Root string
	// PID is a process of another container. Discover then describes that container:
	// it reads the files, the environment, the control groups and the capabilities
	// below /proc/PID. PID excludes Root. The reader has to be the same user, or to
	// have the capability SYS_PTRACE. 0 means none.
	PID int
	// Environ is the container's environment as NAME=value strings; nil means
	// this process's own, and an empty slice means none.
	Environ []string
	// Podinfo is the directory inside Root where the Downward API volume is
	// mounted; empty means /etc/podnetinfo or, if that has no annotations,
	// /etc/podinfo.
	Podinfo string
	// Hints are facts that the caller knows and no file of the pod has. The key is the
	// name of a network, with its namespace or without, or of an interface. A hint is
	//
	//   - the resource of the network's devices (openshift.io/sriov_a, or
	//     OPENSHIFT_IO_SRIOV_A as in PCIDEVICE_<resource>), which is the
	//     k8s.v1.cni.cncf.io/resourceName of the NetworkAttachmentDefinition;
	//   - a device that the container was given: 0000:3b:02.6, mlx5_core.sf.4;
	//   - a socket: vhost-user:PATH,server, memif:PATH or memif:@NAME, with the
	//     role that the container has on it;
	//   - af-xdp or af-packet, to drive the interface's netdev through the kernel.
	//
	// Evidence of the pod's own overrules a hint.
	Hints map[string]string
	// PodOnly reads only Kubernetes' data about the pod, in the Downward API volume
	// and the environment. It reads nothing of the machine: neither its devices, CPUs
	// and memory nor the files of CNI plugins and DRA drivers.
	PodOnly bool
	// Strict makes every warning an error.
	Strict bool
	// Patient has Wait wait until its context ends, even for problems that usually
	// do not end by themselves: somebody may be at work on them.
	Patient bool
}

// Discover finds out what the container was given: its networks with their devices and
// sockets, its CPUs and its hugepages. It waits for nothing.
// An unreadable or malformed part is a warning of the Pod, and the rest is
// used.
//
// It fails if the root does not exist, if the context is done, if there is
// nothing that could be read at all, and with Options.Strict if there is any
// warning. Its error then joins one *Error for each problem, in which errors.Is
// finds ErrNoAnnotations, ErrNoStatus, ErrNoNetworks and any other Code.
func Discover(ctx context.Context, opts Options) (*Pod, error) {
	return discover(ctx, opts, nil)
}

// discover is Discover for one of several looks, which have a memory.
func discover(ctx context.Context, opts Options, memory *hotplug) (*Pod, error) {
	facts, err := gather(ctx, opts)
	if err != nil {
		return nil, err
	}
	memory.mark(facts)
	r := resolve(facts)
	if opts.Strict && len(r.problems) > 0 {
		return nil, joined(r.problems)
	}
	return r.pod, nil
}

// gather asks every source. Those that look devices up come after those that
// name them.
func gather(ctx context.Context, opts Options) ([]fact.Fact, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	root, err := opts.container()
	if err != nil {
		return nil, err
	}
	environ, err := opts.environ(root)
	if err != nil {
		return nil, err
	}

	facts := make([]fact.Fact, 0, 32)
	if n := environSize(environ); n > MaxEnviron {
		facts = append(facts, fact.Problemf(fact.Origin{Source: fact.Env, Where: "environ"}, fact.Unreadable,
			"%d bytes, and not used: the limit is %d", n, MaxEnviron))
		environ = nil
	}
	volume := downward.Read(root, podinfoDirs(opts))
	annotations := volume.Annotations
	if annotations == nil {
		annotations = map[string]fact.Text{}
	}
	facts = append(facts, volume.Facts...)
	facts = append(facts, downward.FromEnviron(environ, annotations)...)
	found := volume.Annotations != nil || len(annotations) > 0
	if found {
		facts = append(facts, netstatus.Parse(annotations)...)
		facts = append(facts, ovn.Parse(annotations)...)
		facts = append(facts, gke.Parse(annotations)...)
		facts = append(facts, calico.Parse(annotations)...)
	}
	facts = append(facts, deviceplugin.Parse(environ)...)
	facts = append(facts, deviceplugin.Unknown(environ)...)
	facts = append(facts, hints(opts.Hints)...)
	facts = append(facts, container(environ)...)
	if opts.PodOnly {
		facts = append(facts, userspace.Parse(annotations)...)
		facts = append(facts, dra.Parse(environ)...)
		facts = append(facts, afxdp.Parse(environ)...)
	} else {
		facts = append(facts, userspace.Read(root, annotations)...)
		facts = append(facts, dra.Read(root, environ)...)
		facts = append(facts, afxdp.Read(root, environ)...)
		facts = append(facts, lookUp(root, facts)...)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if found {
		return facts, nil
	}
	var problems []fact.Problem
	for _, f := range facts {
		p, isProblem := f.(fact.Problem)
		if !isProblem {
			return facts, nil
		}
		problems = append(problems, p)
	}
	return nil, fmt.Errorf("nothing about a pod could be read: %w", joined(problems))
}

// lookUp asks the machine about the names in the facts, and about the container.
func lookUp(root rootfs.FS, named []fact.Fact) []fact.Fact {
	claims, sockets := claims(named)
	rdma := sysfs.RDMA(root)
	for _, f := range rdma {
		if dev, ok := f.(fact.RDMADevice); ok && dev.Parent != "" {
			claims.RDMA = append(claims.RDMA, dev.Parent)
		}
	}
	facts := sysfs.Devices(root, claims)
	if needsNamespace(named, facts) {
		facts = append(facts, netns.Read(root)...)
	}
	facts = append(facts, rdma...)
	facts = append(facts, sysfs.Nodes(root)...)
	group := cgroup.Read(root)
	facts = append(facts, group...)
	facts = append(facts, sysfs.Siblings(root, cpus(group))...)
	return append(facts, socket.Look(root, sockets)...)
}

// needsNamespace reports whether Discover has to know what the network namespace is used
// for: its netdevs may be evidence of a device, or a device may carry the default
// network because no interface has the name of its netdev.
func needsNamespace(named, found []fact.Fact) bool {
	interfaces := map[string]bool{}
	byNetdev := false
	for _, f := range named {
		switch f := f.(type) {
		case fact.Network:
			interfaces[f.Interface] = true
		case fact.DeviceHint:
			byNetdev = byNetdev || f.AFXDP || f.AFPacket
		case fact.AFXDPDevice:
			byNetdev = true
		}
	}
	return byNetdev || slices.ContainsFunc(found, func(f fact.Fact) bool {
		function, ok := f.(fact.Function)
		return ok && (function.Unclaimed || slices.ContainsFunc(function.Netdevs, func(dev fact.Netdev) bool { return !interfaces[dev.Name] }))
	})
}

// environSize is the number of bytes that an environment takes.
func environSize(environ []string) int {
	size := 0
	for _, variable := range environ {
		size += len(variable) + 1
	}
	return size
}

// container is the network resources injector's data about the container itself.
func container(environ []string) []fact.Fact {
	const variable = "CONTAINER_NAME"
	for _, v := range environ {
		if name, ok := strings.CutPrefix(v, variable+"="); ok && name != "" {
			return []fact.Fact{fact.Container{Origin: fact.Origin{Source: fact.Env, Where: variable}, Name: name}}
		}
	}
	return nil
}

// cpus are the CPUs of the container, or else of the process.
func cpus(facts []fact.Fact) cpuset.CPUSet {
	var set cpuset.CPUSet
	for _, f := range facts {
		if c, ok := f.(fact.CPUs); ok && (set.IsEmpty() || !c.Affinity) {
			set = c.Set
		}
	}
	return set
}

// claims are the names that facts have of devices and interfaces, and of
// sockets that the other side makes. A name may come more than once.
func claims(facts []fact.Fact) (c sysfs.Claims, sockets []string) {
	function := func(address pciaddr.Address, auxiliary string) {
		switch {
		case auxiliary != "":
			c.Auxiliary = append(c.Auxiliary, auxiliary)
		case !address.IsZero():
			c.Functions = append(c.Functions, address)
		}
	}
	name := func(list *[]string, name string) {
		if name != "" {
			*list = append(*list, name)
		}
	}
	device := func(dev fact.Device) {
		switch dev := dev.(type) {
		case fact.PCIDevice:
			function(dev.Address, "")
		case fact.VDPA:
			function(vdpaAddress(dev.PCIAddress, dev.Parent), "")
			name(&c.VDPA, dev.Parent)
		case fact.VhostUser:
			if dev.Mode == fact.Client {
				name(&sockets, dev.Path)
			}
		case fact.Memif:
			if dev.Role == fact.Client {
				name(&sockets, dev.Path)
			}
		}
	}
	memif := func(iface string) {
		if strings.HasPrefix(iface, calico.Prefix) {
			name(&sockets, calico.Socket(iface))
		}
	}
	for _, f := range facts {
		switch f := f.(type) {
		case fact.Allocation:
			function(f.Address, f.Auxiliary)
		case fact.ClaimedDevice:
			function(f.Address, f.Auxiliary)
			name(&c.Interfaces, f.Interface)
		case fact.NamedInterface:
			name(&c.Interfaces, f.Interface)
		case fact.AFXDPDevice:
			name(&c.Interfaces, f.Netdev)
		case fact.MemifInterface:
			name(&sockets, f.Memif.Path)
		case fact.DeviceHint:
			device(f.Device)
			if f.AFXDP || f.AFPacket {
				name(&c.Interfaces, f.Network)
			}
		case fact.Selection:
			name(&c.Interfaces, selectedName(f))
			memif(selectedName(f))
		case fact.Userspace:
			name(&c.Interfaces, f.Interface)
			device(f.Device)
		case fact.NetworkInfo:
			device(f.Device)
		case fact.Network:
			name(&c.Interfaces, f.Interface)
			memif(f.Interface)
			device(f.Device)
		}
	}
	return c, sockets
}

func joined(problems []fact.Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = newError(p)
	}
	return errors.Join(errs...)
}
