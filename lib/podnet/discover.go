package podnet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/cgroup"
	"github.com/podnet/podnet/lib/internal/source/deviceplugin"
	"github.com/podnet/podnet/lib/internal/source/downward"
	"github.com/podnet/podnet/lib/internal/source/dra"
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
	// Environ is the container's environment as NAME=value strings; nil means
	// this process's own, and an empty slice means none.
	Environ []string
	// Podinfo is the directory inside Root where the Downward API volume is
	// mounted; empty means /etc/podnetinfo or, if that has no annotations,
	// /etc/podinfo.
	Podinfo string
	// Hints are what the caller knows and no file of the pod says: the resource
	// (openshift.io/sriov_a, or OPENSHIFT_IO_SRIOV_A as in PCIDEVICE_<resource>)
	// that a network's devices are of, by the network's name, with its
	// namespace or without, or an interface's name. It is the k8s.v1.cni.cncf.io/resourceName of the
	// NetworkAttachmentDefinition. Evidence of the pod's own overrules a hint.
	Hints map[string]string
	// PodOnly takes what Kubernetes says of the pod, in the Downward API volume
	// and the environment, and looks at nothing of the machine: neither at its
	// devices, CPUs and memory nor at the files of CNI plugins and DRA drivers.
	PodOnly bool
	// Strict makes every warning an error.
	Strict bool
	// Patient has Wait wait for what waiting does not mend as a rule, too, until
	// its context ends: somebody may be at work on it.
	Patient bool
}

// Discover finds out what the container was given: its networks, the devices and
// sockets that are theirs, its CPUs and its hugepages. It waits for nothing.
// What cannot be read or understood is a warning of the Pod, and the rest is
// used.
//
// It fails if the root does not exist, if the context is done, if there is
// nothing that could be read at all, and with Options.Strict if there is any
// warning. Its error then joins one *Error for each problem, in which errors.Is
// finds ErrNoAnnotations, ErrNoStatus, ErrNoNetworks and any other Code.
func Discover(ctx context.Context, opts Options) (*Pod, error) {
	facts, err := gather(ctx, opts)
	if err != nil {
		return nil, err
	}
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
	root, err := rootfs.New(opts.Root)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	environ := opts.Environ
	if environ == nil {
		environ = os.Environ()
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
	}
	facts = append(facts, deviceplugin.Parse(environ)...)
	facts = append(facts, hints(opts.Hints)...)
	facts = append(facts, container(environ)...)
	if opts.PodOnly {
		facts = append(facts, userspace.Parse(annotations)...)
		facts = append(facts, dra.Parse(environ)...)
	} else {
		facts = append(facts, userspace.Read(root, annotations)...)
		facts = append(facts, dra.Read(root, environ)...)
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

// lookUp asks the machine about what the facts name, and about the container.
func lookUp(root rootfs.FS, named []fact.Fact) []fact.Fact {
	claims, sockets := claims(named)
	facts := sysfs.Devices(root, claims)
	facts = append(facts, sysfs.RDMA(root)...)
	facts = append(facts, sysfs.Nodes(root)...)
	group := cgroup.Read(root)
	facts = append(facts, group...)
	facts = append(facts, sysfs.Siblings(root, cpus(group))...)
	return append(facts, socket.Look(root, sockets)...)
}

// environSize is the number of bytes that an environment takes.
func environSize(environ []string) int {
	size := 0
	for _, variable := range environ {
		size += len(variable) + 1
	}
	return size
}

// container is what the network resources injector tells a container of itself.
func container(environ []string) []fact.Fact {
	const variable = "CONTAINER_NAME"
	for _, v := range environ {
		if name, ok := strings.CutPrefix(v, variable+"="); ok && name != "" {
			return []fact.Fact{fact.Container{Origin: fact.Origin{Source: fact.Env, Where: variable}, Name: name}}
		}
	}
	return nil
}

// hints are the caller's hints as facts. A resource may be in Kubernetes'
// notation; the device plugin makes a variable's name of that.
func hints(hints map[string]string) []fact.Fact {
	var facts []fact.Fact
	for _, network := range slices.Sorted(maps.Keys(hints)) {
		facts = append(facts, fact.ResourceHint{
			Origin:   fact.Origin{Source: fact.Hint, Where: network},
			Network:  network,
			Resource: fact.ResourceKey(hints[network]),
		})
	}
	return facts
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
	for _, f := range facts {
		switch f := f.(type) {
		case fact.Allocation:
			function(f.Address, f.Auxiliary)
		case fact.ClaimedDevice:
			function(f.Address, f.Auxiliary)
			name(&c.Interfaces, f.Interface)
		case fact.Selection:
			name(&c.Interfaces, selectedName(f))
		case fact.Userspace:
			name(&c.Interfaces, f.Interface)
			device(f.Device)
		case fact.NetworkInfo:
			device(f.Device)
		case fact.Network:
			name(&c.Interfaces, f.Interface)
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
