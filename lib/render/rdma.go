package render

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/podnet"
)

// rdma lists the RDMA ports of the interfaces that were asked for, or else of all
// but the default network: name, port, gidIndex and interface.
func (r *renderer) rdma() ([]any, error) {
	interfaces, err := r.rdmaInterfaces()
	if err != nil {
		return nil, err
	}
	var docs []any
	for _, i := range interfaces {
		devices := r.rdmaDevices(i)
		switch {
		case len(devices) == 0 && len(r.options.EAL.Interfaces) > 0:
			return nil, lacks(i.Name, podnet.CodeMissing, "it has no RDMA device", "see that the network's devices are asked for with isRdma, and the rdma CNI plug-in")
		case len(devices) > 1:
			return nil, lacks(i.Name, podnet.CodeAmbiguous, fmt.Sprintf("it has several RDMA devices, %q", devices), "name one function of them")
		}
		for _, device := range devices {
			doc := map[string]any{"name": device, "port": 1, "interface": i.Name}
			if !isInfiniBand(i) {
				gid, err := r.gid(i, device)
				if err != nil {
					return nil, err
				}
				doc["port"], doc["gidIndex"] = gid.Port, gid.Index
			}
			docs = append(docs, doc)
		}
	}
	if len(docs) == 0 {
		return nil, missing("no interface of the pod has an RDMA device", "see rdma with inspect -o json")
	}
	return docs, nil
}

// isInfiniBand reports whether an interface's port is not in Ethernet mode, where
// no address has to be chosen.
func isInfiniBand(i *podnet.Interface) bool {
	return slices.ContainsFunc(i.Problems, func(p podnet.Problem) bool { return p.Code == podnet.CodeInfiniBand })
}

func (r *renderer) rdmaInterfaces() ([]*podnet.Interface, error) {
	var all []*podnet.Interface
	if r.options.EAL.Interfaces == nil {
		for n := range r.pod.Interfaces {
			if !r.pod.Interfaces[n].Default {
				all = append(all, &r.pod.Interfaces[n])
			}
		}
	}
	for _, name := range r.options.EAL.Interfaces {
		found, err := r.pod.Lookup(name)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// rdmaDevices are the RDMA devices of an interface's function, or else of its netdev.
func (r *renderer) rdmaDevices(i *podnet.Interface) []string {
	if i.PCI != nil && len(i.PCI.RDMA) > 0 {
		return i.PCI.RDMA
	}
	var devices []string
	for _, d := range r.pod.RDMA {
		if d.Netdev == i.Name && i.Name != "" {
			devices = append(devices, d.Name)
		}
	}
	return devices
}

// gid finds the address of an interface in the table of its RDMA device: the entry
// for RoCE v2..
func (r *renderer) gid(i *podnet.Interface, device string) (podnet.GID, error) {
	if r.options.GIDs == nil {
		return podnet.GID{}, errors.New("the tables of RDMA devices are not given")
	}
	gids, err := r.options.GIDs(device)
	if err != nil {
		return podnet.GID{}, err
	}
	var found []podnet.GID
	for _, g := range gids {
		if g.Type == podnet.RoCEv2 && slices.ContainsFunc(i.IPs, func(ip netip.Addr) bool { return ip.Unmap() == g.Addr }) {
			found = append(found, g)
		}
	}
	if len(found) == 0 {
		return podnet.GID{}, lacks(i.Name, podnet.CodeMissing,
			fmt.Sprintf("no RoCE v2 entry of %s has one of its addresses %v (of %d entries)", device, i.IPs, len(gids)),
			"see that the interface has an address, and that it is up")
	}
	// IPv4 first, as NCCL takes it.
	slices.SortStableFunc(found, func(a, b podnet.GID) int {
		switch {
		case a.Addr.Is4() == b.Addr.Is4():
			return 0
		case a.Addr.Is4():
			return -1
		}
		return 1
	})
	return found[0], nil
}

// gidIndex is the index that these RDMA ports have in common, since NCCL and UCX
// take one: a list of one, or of none where all are InfiniBand.
func (r *renderer) gidIndex(ports []any) ([]int, error) {
	var index []int
	from := ""
	for _, p := range ports {
		port, ok := p.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("want a result of rdma, not a %T", p)
		}
		n, ok := port["gidIndex"].(int)
		if !ok {
			continue
		}
		name, _ := port["name"].(string)
		if len(index) > 0 && n != index[0] {
			return nil, problem(podnet.CodeAmbiguous,
				fmt.Sprintf("the address has index %d in the table of %s and index %d in the table of %s, and programs take one index", n, name, index[0], from),
				"name interfaces with --interfaces that have the same")
		}
		index, from = []int{n}, name
	}
	return index, nil
}

// rdmaPorts writes RDMA ports as NCCL and UCX list them.
func rdmaPorts(ports []any) string {
	var texts []string
	for _, p := range ports {
		if port, ok := p.(map[string]any); ok {
			texts = append(texts, fmt.Sprintf("%v:%v", port["name"], port["port"]))
		}
	}
	return strings.Join(texts, ",")
}
