package sysfs

import (
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/cpulist"
	"github.com/podnet/podnet/lib/internal/fact"
)

const nodeDir = "/sys/devices/system/node"

// Nodes gives the facts about the machine's NUMA nodes: a fact.Node for each,
// and a fact.HugepagePool for each page size on it. They are the whole
// machine's, not this container's.
func Nodes(root rootfs.FS) []fact.Fact {
	r := reader{FS: root}
	for _, name := range r.names(nodeDir) {
		node, ok := index(name, "node")
		if !ok {
			continue
		}
		dir := join(nodeDir, name)
		r.cpus(node, join(dir, "cpulist"))
		r.pools(node, join(dir, "hugepages"))
	}
	return r.facts
}

func (r *reader) cpus(node int, name string) {
	at := origin(name)
	cpus, err := cpulist.Parse(r.text(name))
	if err != nil {
		r.add(fact.Problemf(at, fact.Malformed, "%w", err))
		return
	}
	r.add(fact.Node{Origin: at, Node: node, CPUs: cpus})
}

// pools reads a node's directory of hugepages-<size>kB directories.
func (r *reader) pools(node int, dir string) {
	for _, name := range r.names(dir) {
		sizeText, ok := strings.CutPrefix(name, "hugepages-")
		size, err := fact.ParsePageSize(sizeText)
		if !ok || err != nil {
			continue
		}
		total, okTotal := r.number(dir, name, "nr_hugepages")
		free, okFree := r.number(dir, name, "free_hugepages")
		if !okTotal || !okFree || total < 0 || free < 0 {
			continue
		}
		r.add(fact.HugepagePool{
			Origin: origin(join(dir, name)), Size: size, Node: node,
			Total: uint64(total), Free: uint64(free),
		})
	}
}
