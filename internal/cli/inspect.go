package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/podnet/podnet/lib/podnet"
)

type inspectOptions struct {
	Deps
	PodOptions
	Output  string
	Explain bool
}

const inspectHelp = `inspect prints the network devices that the pod was given: its interfaces with their
devices and addresses, devices that belong to no network by any evidence, CPUs,
hugepages, and warnings about sources that could not be read. --explain prints the
evidence by which each device was assigned to its interface.`

func newInspectCmd(d Deps) *cobra.Command {
	opts := inspectOptions{Deps: d}
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Print which network devices the pod was given",
		Long:  inspectHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Explain && cmd.Flags().Changed("output") {
				return UsageErrorf("--explain prints text: it excludes --output")
			}
			return inspectRun(cmd.Context(), opts)
		},
	}
	AddOutputFlag(cmd, &opts.Output, "table", "json", "yaml")
	cmd.Flags().BoolVar(&opts.Explain, "explain", false, "print the evidence by which each device was assigned to its interface")
	opts.addRootFlags(cmd)
	return cmd
}

func inspectRun(ctx context.Context, o inspectOptions) error {
	pod, err := o.Discover(ctx, o.Deps)
	if err != nil {
		return err
	}
	switch {
	case o.Explain:
		return podnet.Explain(o.Out, pod)
	case o.Output == "json":
		return PrintJSON(o.Out, pod)
	case o.Output == "yaml":
		text, err := yaml.Marshal(pod)
		if err != nil {
			return err
		}
		_, err = o.Out.Write(text)
		return err
	}
	return printPod(o.Out, pod)
}

// printPod writes the interfaces as a table, and below it everything else.
func printPod(w io.Writer, pod *podnet.Pod) error {
	var rows [][]string
	for _, i := range pod.Interfaces {
		rows = append(rows, interfaceRow(i))
	}
	header := []string{"NAME", "NETWORK", "KIND", "DEVICE", "DRIVER", "NUMA", "MAC", "IPS"}
	if len(rows) == 0 {
		header = []string{"No interfaces."}
	}
	if err := PrintTable(w, header, rows); err != nil {
		return err
	}
	if err := printUnassigned(w, pod.Unassigned); err != nil {
		return err
	}
	var b strings.Builder
	if ways := deviceWays(pod); len(ways) > 0 {
		fmt.Fprintf(&b, "To drive these: %s\n", waysText(ways))
	}
	for n, err := range pod.PortProblems() {
		if n == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s\n", portState(err), cell(oneLine(err)))
	}
	printRDMA(&b, pod.RDMA)
	if cpus := pod.CPUs; cpus != nil {
		fmt.Fprintf(&b, "\nCPUs: %s", cpus.Allowed)
		if len(cpus.NUMANodes) > 0 {
			fmt.Fprintf(&b, " (NUMA %s)", joinInts(cpus.NUMANodes))
		}
		if cpus.Quota != nil {
			fmt.Fprintf(&b, ", quota %g", *cpus.Quota)
		}
		b.WriteByte('\n')
	}
	for _, h := range pod.Hugepages {
		fmt.Fprintf(&b, "Hugepages of %s: %s", h.Size, hugepagesText(h))
		b.WriteByte('\n')
	}
	for n, warning := range pod.Warnings {
		if n == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "Warning: %s (%s %s): %s\n",
			cell(string(warning.Code)), cell(warning.Source), cell(warning.Where), cell(warning.Message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// portState distinguishes devices that can become ports from those that DPDK never drives.
func portState(err error) string {
	for _, code := range []podnet.Code{podnet.CodeInfiniBand, podnet.CodeMemifMode, podnet.CodeAccelerator, podnet.CodeVirtioVDPA} {
		if errors.Is(err, code) {
			return "Not for DPDK"
		}
	}
	return "Not ready"
}

// printRDMA lists RDMA devices with their nodes, one per line.
func printRDMA(b *strings.Builder, devices []podnet.RDMADevice) {
	for n, dev := range devices {
		if n == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "RDMA %s", cell(dev.Name))
		if !dev.PCI.IsZero() {
			fmt.Fprintf(b, " of %s", dev.PCI)
		}
		if dev.Auxiliary != "" {
			fmt.Fprintf(b, " of %s", cell(dev.Auxiliary))
		}
		if dev.Netdev != "" {
			fmt.Fprintf(b, ", netdev %s", cell(dev.Netdev))
		}
		for _, node := range dev.CharDevices {
			fmt.Fprintf(b, ", %s", cell(node.Path))
			switch {
			case node.Missing:
				b.WriteString(" (not in the container)")
			case !node.Openable:
				b.WriteString(" (cannot be opened)")
			}
		}
		b.WriteByte('\n')
	}
}

// interfaceRow is one line of the table.
func interfaceRow(i podnet.Interface) []string {
	var device, driver, node string
	switch {
	case i.PCI != nil:
		device, driver = i.PCI.Address.String(), i.PCI.Driver
		if i.PCI.Auxiliary != "" {
			device = i.PCI.Auxiliary
		}
		if i.PCI.NotPresent {
			driver = "(not present)"
		}
		if i.PCI.NUMANode != nil {
			node = strconv.Itoa(*i.PCI.NUMANode)
		}
	case i.VhostUser != nil:
		device, driver = i.VhostUser.Path, i.VhostUser.Role
	case i.Memif != nil:
		device, driver = i.Memif.Path, i.Memif.Role
	case i.VDPA != nil:
		device, driver = i.VDPA.Path, i.VDPA.Driver
		if device == "" {
			device = i.VDPA.Parent
		}
	}
	if i.AFXDP != nil {
		device = i.AFXDP.Netdev
	}
	if i.AFPacket != nil {
		device = i.AFPacket.Netdev
	}
	var ips []string
	for _, ip := range i.IPs {
		ips = append(ips, ip.String())
	}
	return []string{i.Name, i.Network, string(i.Kind), device, driver, node, i.MAC, strings.Join(ips, ",")}
}

func printUnassigned(w io.Writer, unassigned []podnet.Unassigned) error {
	if len(unassigned) == 0 {
		return nil
	}
	var rows [][]string
	for _, u := range unassigned {
		driver := ""
		if u.PCI != nil {
			driver = u.PCI.Driver
		}
		reason := string(u.Reason)
		switch {
		case u.Port:
			reason += " (port)"
		case u.Default:
			reason += " (default network)"
		}
		rows = append(rows, []string{u.ID, string(u.Kind), driver, u.Resource, reason, strings.Join(u.Candidates, ",")})
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	header := []string{"UNASSIGNED", "KIND", "DRIVER", "RESOURCE", "REASON", "CANDIDATES"}
	if slices.ContainsFunc(unassigned, func(u podnet.Unassigned) bool { return u.Network != "" }) {
		header = append(header, "NETWORK")
		for n := range rows {
			rows[n] = append(rows[n], unassigned[n].Network)
		}
	}
	if err := PrintTable(w, header, rows); err != nil {
		return err
	}
	return printVDPA(w, unassigned)
}

// printVDPA prints the nodes of vDPA devices that are on no network yet.
func printVDPA(w io.Writer, unassigned []podnet.Unassigned) error {
	var b strings.Builder
	for _, u := range unassigned {
		if u.VDPA != nil && u.VDPA.Path != "" {
			fmt.Fprintf(&b, "vDPA of %s: %s\n", cell(u.ID), cell(u.VDPA.Path))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func hugepagesText(h podnet.Hugepages) string {
	parts := []string{"no limit is visible"}
	if h.LimitBytes != nil {
		parts[0] = fmt.Sprintf("limit %d MiB", *h.LimitBytes>>20)
	}
	if h.RequestBytes != nil {
		parts = append(parts, fmt.Sprintf("request %d MiB", *h.RequestBytes>>20))
	}
	if h.Mount != "" {
		parts = append(parts, "mounted at "+cell(h.Mount))
	}
	for _, n := range h.Nodes {
		parts = append(parts, fmt.Sprintf("%d MiB free on NUMA %d", n.FreeBytes>>20, n.Node))
	}
	return strings.Join(parts, ", ")
}

func joinInts(ints []int) string {
	text := make([]string, len(ints))
	for i, n := range ints {
		text[i] = strconv.Itoa(n)
	}
	return strings.Join(text, ",")
}
