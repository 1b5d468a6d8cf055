package podnet

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Explain writes one paragraph for each interface and each unassigned device of
// pod, for people to read: what it is, and which facts put it there or why it is
// nowhere. Then it lists the warnings. Text of the pod's that does not print is
// quoted. An error is w's.
func Explain(w io.Writer, pod *Pod) error {
	var b strings.Builder
	for _, i := range pod.Interfaces {
		explainInterface(&b, i)
	}
	for _, u := range pod.Unassigned {
		explainUnassigned(&b, u)
	}
	for _, warning := range pod.Warnings {
		fmt.Fprintf(&b, "Warning (%s): %s %s: %s\n", printable(string(warning.Code)),
			printable(warning.Source), printable(warning.Where), printable(warning.Message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func explainInterface(b *strings.Builder, i Interface) {
	b.WriteString("Interface " + printable(i.Name))
	if i.Unnamed {
		b.WriteString(" (podnet's own name: no source has one)")
	}
	if i.Network != "" {
		fmt.Fprintf(b, " of network %s", printable(i.Network))
	}
	if i.Default {
		b.WriteString(" (the pod's default)")
	}
	fmt.Fprintf(b, " is %s.\n", describeKind(i))
	for _, e := range i.Evidence {
		if e.Why != "" {
			what := "device"
			if e.Field == "name" || e.Field == "network" {
				what = e.Field
			}
			fmt.Fprintf(b, "  The reason for the %s: %s.\n", what, printable(e.Why))
		}
	}
	explainEvidence(b, i.Evidence)
}

func describeKind(i Interface) string {
	switch {
	case i.PCI != nil:
		return describePCI(*i.PCI)
	case i.VhostUser != nil:
		return describeSocket("vhost-user", i.VhostUser.Path, i.VhostUser.Role, i.VhostUser.Exists)
	case i.Memif != nil:
		return describeSocket("memif", i.Memif.Path, i.Memif.Role, i.Memif.Exists)
	case i.VDPA != nil:
		return describeVDPA(*i.VDPA)
	case i.AFXDP != nil:
		return "the netdev " + printable(i.AFXDP.Netdev) + ", which DPDK drives by AF_XDP sockets"
	case i.AFPacket != nil:
		return "the netdev " + printable(i.AFPacket.Netdev) + ", which DPDK drives by packet sockets"
	case i.Kind == KindUnknown:
		return "on a device that the facts do not tell"
	}
	return "an ordinary network interface of the kernel"
}

func describeSocket(kind, path, role string, exists *bool) string {
	s := fmt.Sprintf("the %s socket %s, whose %s is in the container",
		kind, orElse(path, "of no path"), orElse(role, "client or server (not known which)"))
	if exists != nil && !*exists {
		s += "; the socket is not there"
	}
	return s
}

// orElse gives s, or what to say if it is empty.
func orElse(s, otherwise string) string { return printable(cmp.Or(s, otherwise)) }

func describePCI(p PCI) string {
	var s strings.Builder
	if p.Auxiliary != "" {
		fmt.Fprintf(&s, "the auxiliary device %s", printable(p.Auxiliary))
	} else {
		fmt.Fprintf(&s, "the PCI function %s", p.Address)
	}
	switch {
	case p.VFIndex != nil:
		fmt.Fprintf(&s, ", VF %d of %s", *p.VFIndex, p.PF)
	case !p.PF.IsZero():
		fmt.Fprintf(&s, ", a part of %s", p.PF)
	}
	if p.Driver != "" {
		fmt.Fprintf(&s, ", on driver %s", printable(p.Driver))
	}
	if p.NUMANode != nil {
		fmt.Fprintf(&s, ", on NUMA node %d", *p.NUMANode)
	}
	if p.NotPresent {
		s.WriteString(", which is not on this machine")
	}
	return s.String()
}

func describeVDPA(v VDPA) string {
	s := "the vDPA device " + orElse(v.Parent, "of no name")
	if v.Driver != "" {
		s += " on driver " + printable(v.Driver)
	}
	if v.Path != "" {
		s += ", at " + printable(v.Path)
	}
	return s
}

func explainUnassigned(b *strings.Builder, u Unassigned) {
	fmt.Fprintf(b, "Device %s", printable(u.ID))
	if u.Resource != "" {
		fmt.Fprintf(b, " of resource %s", printable(u.Resource))
	}
	candidates := printable(strings.Join(u.Candidates, ", "))
	switch u.Reason {
	case CodeAmbiguous:
		if candidates == "" {
			candidates = "networks that could not be read"
		}
		fmt.Fprintf(b, " is on no interface: it could belong to %s, and nothing tells which device is whose.\n", candidates)
	case CodeUnclaimed:
		switch {
		case u.Default:
			b.WriteString(" is on no interface: its netdev carries the default route, so it is the pod's default network.\n")
		case u.Port:
			b.WriteString(" is on no interface: no network was asked for, and so it is a port by default.\n")
		default:
			b.WriteString(" is on no interface: no network lacks a device. If a network's netdev stands for it, a hint says so.\n")
		}
	case CodeAccelerator:
		b.WriteString(" is on no interface: its PCI class says that it is no network device.\n")
	case CodeNotPresent:
		b.WriteString(" is on no interface: this machine does not have it.\n")
	case CodeMalformed:
		b.WriteString(" is on no interface: it is neither a PCI address nor the name of an auxiliary device.\n")
	default:
		fmt.Fprintf(b, " is on no interface: %s.\n", printable(string(u.Reason)))
	}
	for _, e := range u.Evidence {
		if e.Why != "" {
			fmt.Fprintf(b, "  %s.\n", printable(e.Why))
		}
	}
	explainEvidence(b, u.Evidence)
}

// explainEvidence lists the facts, one per line.
func explainEvidence(b *strings.Builder, evidence []Evidence) {
	width := 0
	for _, e := range evidence {
		width = max(width, len(e.Field))
	}
	for _, e := range evidence {
		fmt.Fprintf(b, "  %-*s  %s %s\n", width, printable(e.Field), printable(e.Source), printable(e.Where))
	}
	b.WriteString("\n")
}

// printable quotes text that would move a terminal's cursor, or worse. Whoever
// writes the pod's annotations chose it.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
