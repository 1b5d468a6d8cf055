package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// ealConfig gives what DPDK gets of the pod, with the ports in the order in which
// they were asked for.
func (r *renderer) ealConfig() (dpdkConfig, error) {
	o := r.options.EAL
	o.SkipUnusable = true
	config, ports, err := r.pod.EALConfig(o)
	if err != nil {
		return dpdkConfig{}, err
	}
	if r.options.LeftOut != nil && o.Interfaces == nil {
		r.options.LeftOut(r.pod.LeftOutOn(o.Version, ports))
	}
	place := map[string]int{}
	for _, name := range r.options.EAL.Interfaces {
		found, err := r.pod.Lookup(name)
		if err != nil {
			return dpdkConfig{}, err
		}
		for _, i := range found {
			if _, twice := place[i.Name]; !twice {
				place[i.Name] = len(place) - len(r.pod.Interfaces) - len(r.pod.Unassigned) // before all others
			}
		}
	}
	slices.SortStableFunc(ports, func(a, b podnet.Port) int { return place[a.Interface] - place[b.Interface] })
	return dpdkConfig{config, ports}, nil
}

// ports describes the ports, one for each device: what EAL calls it, the option
// by which EAL takes it (allow for -a, or vdev) with its argument, and the
// interface, unless the device is none of the pod's.
func (r *renderer) ports() ([]any, error) {
	dpdk, err := r.dpdk()
	if err != nil {
		return nil, err
	}
	docs := []any{}
	seen := map[string]bool{}
	for _, port := range dpdk.ports {
		if seen[port.PortName] {
			continue
		}
		seen[port.PortName] = true
		option, argument, err := deviceOption(dpdk.config, port.PortName)
		if err != nil {
			return nil, err
		}
		doc := map[string]any{
			"name": port.Interface, "network": port.Network, "kind": string(port.Kind), "device": port.Device,
			"portName": port.PortName, "option": option, "argument": argument,
		}
		if port.Kind != "" {
			if doc["interface"], err = r.interfaceDoc(port.Interface); err != nil {
				return nil, err
			}
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// deviceOption gives the option by which EAL takes a port's device.
func deviceOption(c eal.Config, portName string) (option, argument string, err error) {
	c.Devices = slices.DeleteFunc(slices.Clone(c.Devices), func(d eal.Device) bool { return !eal.HasPort(d, portName) })
	c.Extra = nil
	args, err := c.Args()
	if err != nil {
		return "", "", err
	}
	for i, arg := range args {
		if arg == "-a" {
			return "allow", args[i+1], nil
		}
		if argument, ok := strings.CutPrefix(arg, "--vdev="); ok {
			return "vdev", argument, nil
		}
	}
	return "", "", fmt.Errorf("port %.100q: EAL's arguments do not have it", portName)
}

func (r *renderer) ealArgs() ([]string, error) {
	dpdk, err := r.dpdk()
	if err != nil {
		return nil, err
	}
	return dpdk.config.Args()
}

// queues is the number of queue pairs of each port.
func (r *renderer) queues() int { return max(r.options.EAL.Queues, 1) }

// hugepages reports whether DPDK has its memory in hugepages.
func (r *renderer) hugepages() (bool, error) {
	dpdk, err := r.dpdk()
	return !dpdk.config.Memory.NoHuge, err
}

// memoryMiB is how much memory DPDK gets, on all nodes.
func (r *renderer) memoryMiB() (int, error) {
	dpdk, err := r.dpdk()
	total := dpdk.config.Memory.NoHugeMiB
	for _, mib := range dpdk.config.Memory.NodeMiB {
		total += mib
	}
	return total, err
}

// nodeMiB is how much of its memory DPDK gets on each NUMA node.
func (r *renderer) nodeMiB() ([]int, error) {
	dpdk, err := r.dpdk()
	return dpdk.config.Memory.NodeMiB, err
}

func (r *renderer) cpus() ([]int, error) {
	if r.pod.CPUs == nil || r.pod.CPUs.Allowed.IsEmpty() {
		return nil, problem(podnet.CodeCPUsUnknown, "the pod's CPUs are not known", "")
	}
	return r.pod.CPUs.Allowed.List(), nil
}

func (r *renderer) mainCPU() (int, error) {
	cpus, err := r.cpus()
	if err != nil {
		return 0, err
	}
	return cpus[0], nil
}

// workerCPUs are all CPUs but the first.
func (r *renderer) workerCPUs() ([]int, error) {
	cpus, err := r.cpus()
	if err != nil {
		return nil, err
	}
	return cpus[1:], nil
}

func (r *renderer) cpusOn(node int) ([]int, error) {
	if _, err := r.cpus(); err != nil {
		return nil, err
	}
	cpus := r.pod.CPUs.On(node)
	if len(cpus) == 0 {
		return nil, missing(fmt.Sprintf("the pod has no CPU on NUMA node %d, as far as is known", node), "see cpus with inspect")
	}
	return cpus, nil
}

// lcores are the ids that EAL's --lcores gives.
func (r *renderer) lcores() ([]int, error) {
	dpdk, err := r.dpdk()
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, l := range dpdk.config.Lcores() {
		ids = append(ids, l.ID)
	}
	return ids, nil
}

// ranges writes numbers in the kernel's list form, such as 4-7,68.
func ranges(list []int) (Text, error) {
	if len(list) == 0 {
		return Text{}, missing("a list of numbers is empty", "")
	}
	return Text{cpuset.New(list...).String()}, nil
}

// maxBit bounds the masks: EAL knows CPUs to 1023.
const maxBit = 1023

// mask writes numbers as a hexadecimal mask.
func mask(list []int) (Text, error) {
	const digits = "0123456789abcdef"
	var nibbles [(maxBit + 1) / 4]byte
	top := 0
	for _, n := range list {
		if n < 0 || n > maxBit {
			return Text{}, inexpressible(fmt.Sprintf("%d is no bit of a mask", n), "")
		}
		nibbles[n/4] |= 1 << (n % 4)
		top = max(top, n/4)
	}
	text := []byte("0x")
	for n := top; n >= 0; n-- {
		text = append(text, digits[nibbles[n]])
	}
	return Text{string(text)}, nil
}

// join writes a list with something between its elements, each of which has to be
// plain.
func join(separator string, list any) (Text, error) {
	if strings.ContainsFunc(separator, func(r rune) bool { return !strings.ContainsRune(" \t\n,;:/|+-", r) }) {
		return Text{}, inexpressible(fmt.Sprintf("%.100q separates no elements", separator), "use blanks, commas, semicolons and the like")
	}
	elements, err := texts(list)
	if err != nil {
		return Text{}, err
	}
	for _, e := range elements {
		if err := plain(e); err != nil {
			return Text{}, err
		}
	}
	return Text{strings.Join(elements, separator)}, nil
}

// trexPairs gives the ports by twos, as TRex drives them, each pair with the
// CPUs that are its own.
func (r *renderer) trexPairs() ([]any, error) {
	ports, err := r.ports()
	if err != nil {
		return nil, err
	}
	cpus, err := r.cpus()
	if err != nil {
		return nil, err
	}
	if len(ports) == 0 {
		return nil, problem(podnet.CodeNoPorts, "TRex needs a port, and none is asked for", "name one with --interfaces")
	}
	pairs := slices.Collect(slices.Chunk(ports, 2))
	if len(cpus) < 2+len(pairs) {
		return nil, missing(fmt.Sprintf("TRex needs %d CPUs, two and one for each pair of ports, and the pod has %d", 2+len(pairs), len(cpus)),
			"give the container more CPUs, or name fewer ports with --interfaces")
	}
	free := cpus[2:] // the first two are TRex's own
	nodes := make([]int, len(pairs))
	on := map[int]int{} // how many pairs are on a node
	for n, pair := range pairs {
		if nodes[n], err = r.pairNode(pair); err != nil {
			return nil, err
		}
		on[nodes[n]]++
	}
	// TRex wants the same number of threads for each pair.
	each := len(free)
	onNode := map[int][]int{}
	for node, count := range on {
		own := slices.DeleteFunc(slices.Clone(free), func(cpu int) bool {
			return len(r.pod.CPUs.Nodes) > 0 && !slices.Contains(r.pod.CPUs.On(node), cpu)
		})
		onNode[node], each = own, min(each, len(own)/count)
	}
	if each == 0 {
		return nil, missing("the pod has too few CPUs on the NUMA nodes of its ports for TRex: each pair needs one beside the first two CPUs", "")
	}
	docs := []any{}
	for n, pair := range pairs {
		own := onNode[nodes[n]]
		docs = append(docs, map[string]any{"ports": pair, "node": nodes[n], "cpus": own[:each]})
		onNode[nodes[n]] = own[each:]
	}
	return docs, nil
}

// pairNode is the NUMA node of a pair of ports; 0 where the machine tells none.
func (r *renderer) pairNode(pair []any) (int, error) {
	node, from := -1, ""
	for _, p := range pair {
		name := p.(map[string]any)["name"].(string)
		n, err := r.numa(name)
		switch {
		case err != nil: // a socket, or a machine with one node
		case node >= 0 && n != node:
			return 0, lacks(name, podnet.CodeAmbiguous, fmt.Sprintf("it is on NUMA node %d, and %s, with which it is a pair, on %d", n, strconv.Quote(from), node),
				"give --interfaces with the ports of a node side by side")
		default:
			node, from = n, name
		}
	}
	if node < 0 && len(r.pod.CPUs.NUMANodes) > 0 {
		node = r.pod.CPUs.NUMANodes[0] // of sockets, whose memory is wherever the CPUs are
	}
	return max(node, 0), nil
}
