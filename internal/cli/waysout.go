package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/podnet"
)

// maxWays is how many flags waysText names.
const maxWays = 8

// waysText lists flags with which DPDK can drive devices of the pod that are not ports yet.
func waysText(flags []string) string {
	if len(flags) == 0 {
		return ""
	}
	more := ""
	if len(flags) > maxWays {
		flags, more = flags[:maxWays], " and the like"
	}
	return strings.Join(flags, ", or ") + more
}

// withWaysOut adds such flags to the error that there is nothing to drive. If the pod has
// no device at all, only its author can know the remedy: the socket or the netdev of an
// interface, or that the program wants no port.
func withWaysOut(err error, pod *podnet.Pod) error {
	if !errors.Is(err, podnet.ErrNoPorts) {
		return err
	}
	flags := deviceWays(pod)
	known := len(flags) > 0
	if !known {
		flags = netdevWays(pod)
	}
	if slices.ContainsFunc(pod.Warnings, func(w podnet.Warning) bool { return w.Code == podnet.CodePending }) {
		flags = append(flags, "--wait 60s")
	}
	if !known && !slices.ContainsFunc(pod.Interfaces, func(i podnet.Interface) bool { return i.Kind != podnet.KindKernel }) {
		flags = append(flags, "--interfaces none (lcores and memory alone)")
	}
	if len(flags) == 0 {
		return err
	}
	return fmt.Errorf("%w; try %s", err, waysText(flags))
}

// deviceWays gives flags for devices that are on no interface: their own names for
// --interfaces, and hints that put them on an interface that could have them.
func deviceWays(pod *podnet.Pod) []string {
	var names, hints []string
	for n := range pod.Unassigned {
		u := &pod.Unassigned[n]
		switch {
		case u.Reason != podnet.CodeAmbiguous && u.Reason != podnet.CodeUnclaimed, u.Port, u.Default, u.Unusable():
			continue
		}
		names = append(names, cell(u.ID))
		for _, i := range pod.Interfaces {
			if slices.Contains(u.Candidates, i.Name) || standsFor(i, u) {
				hints = append(hints, "--hint "+cell(i.Name)+"="+cell(u.ID))
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return append([]string{"--interfaces " + strings.Join(names[:min(len(names), maxWays)], ",")}, hints...)
}

// standsFor reports whether a network's netdev may stand for a device that no
// network claims, as a veth or a dummy does. Only the pod's author can know.
func standsFor(i podnet.Interface, u *podnet.Unassigned) bool {
	return i.Kind == podnet.KindKernel && !i.Default && u.Reason == podnet.CodeUnclaimed && u.PCI != nil && u.PCI.Netdev == ""
}

// netdevWays gives flags for interfaces whose device is not known.
func netdevWays(pod *podnet.Pod) []string {
	var flags []string
	for _, i := range pod.Interfaces {
		switch {
		case i.Default, errors.Is(i.PortError(), podnet.CodeInfiniBand):
		case i.Kind == podnet.KindUnknown:
			flags = append(flags, "--hint "+cell(i.Name)+"=vhost-user:PATH,server", "--hint "+cell(i.Name)+"=memif:PATH (its socket)")
		case i.Kind == podnet.KindKernel:
			flags = append(flags, "--hint "+cell(i.Name)+"=af-xdp", "--hint "+cell(i.Name)+"=af-packet (its netdev, through the kernel)")
		}
	}
	return flags
}

// portWarnings gives the warnings that concern the ports: about hints, which come from
// flags, and about bonds and MTUs, which decide whether packets pass.
func portWarnings(pod *podnet.Pod) []string {
	var lines []string
	for _, w := range pod.Warnings {
		switch {
		case w.Source == "hint":
			lines = append(lines, "--hint "+cell(w.Where)+": "+cell(w.Message))
		case w.Code == podnet.CodeBondMember, w.Code == podnet.CodeMTU:
			lines = append(lines, "warning: "+cell(w.Where)+": "+cell(w.Message))
		}
	}
	return lines
}
