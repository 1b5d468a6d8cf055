package podnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
	"github.com/podnet/podnet/lib/internal/source/cgroup"
	"github.com/podnet/podnet/lib/internal/source/deviceplugin"
	"github.com/podnet/podnet/lib/internal/source/downward"
	"github.com/podnet/podnet/lib/internal/source/netstatus"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
	"github.com/podnet/podnet/lib/internal/source/userspace"
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
	// Strict makes every warning an error.
	Strict bool
}

// Discover finds out what the container was given: its networks, the devices and
// sockets that are theirs, its CPUs and its hugepages. It waits for nothing.
// What cannot be read or understood is a warning of the Pod, and the rest is
// used.
//
// It fails if the root does not exist, if the context is done, if there is
// nothing that could be read at all, and with Options.Strict if there is any
// warning. Its error then joins one *Error for each problem. ErrNoAnnotations,
// ErrNoStatus and ErrNoNetworks are told by errors.Is.
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
	dirs := downward.DefaultDirs
	if opts.Podinfo != "" {
		dirs = []string{opts.Podinfo}
	}

	volume := downward.Read(root, dirs, containerName(environ))
	facts := volume.Facts
	if volume.Annotations != nil {
		facts = append(facts, netstatus.Parse(volume.Annotations)...)
		facts = append(facts, userspace.Parse(volume.Annotations)...)
	}
	facts = append(facts, deviceplugin.Parse(environ)...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	facts = append(facts, sysfs.Devices(root, claims(facts))...)
	facts = append(facts, sysfs.Nodes(root)...)
	facts = append(facts, cgroup.Read(root)...)

	if volume.Annotations != nil {
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

// containerName is what the network resources injector tells a container of
// itself.
func containerName(environ []string) string {
	for _, variable := range environ {
		if name, ok := strings.CutPrefix(variable, "CONTAINER_NAME="); ok {
			return name
		}
	}
	return ""
}

// claims are the names that facts have of devices and interfaces.
func claims(facts []fact.Fact) sysfs.Claims {
	var c sysfs.Claims
	seen := map[any]bool{}
	function := func(id deviceID) {
		switch {
		case id == deviceID{} || seen[id]:
		case id.auxiliary != "":
			c.Auxiliary = append(c.Auxiliary, id.auxiliary)
		default:
			c.Functions = append(c.Functions, id.address)
		}
		seen[id] = true
	}
	name := func(list *[]string, kind, name string) {
		if key := [2]string{kind, name}; name != "" && !seen[key] {
			seen[key] = true
			*list = append(*list, name)
		}
	}
	for _, f := range facts {
		switch f := f.(type) {
		case fact.Allocation:
			function(deviceID{f.Address, f.Auxiliary})
		case fact.Userspace:
			name(&c.Interfaces, "interface", f.Interface)
		case fact.Network:
			name(&c.Interfaces, "interface", f.Interface)
			switch dev := f.Device.(type) {
			case fact.PCIDevice:
				function(deviceID{address: dev.Address})
			case fact.VDPA:
				function(deviceID{address: dev.PCIAddress})
				name(&c.VDPA, "vdpa", dev.Parent)
			}
		}
	}
	return c
}

func joined(problems []fact.Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = newError(p)
	}
	return errors.Join(errs...)
}
