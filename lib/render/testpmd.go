package render

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/podnet/podnet/lib/eal"
)

// What testpmd's pool of mbufs has to hold, and what it may take.
const (
	mbufsPerQueuePair = 2 * 1024 // a full ring each way; PMDs default to 512 descriptors or less, some to 1024
	mbufsPerFillRing  = 4096     // net_af_xdp's, filled before anything comes
	mbufsPerLcore     = 512      // testpmd's cache of 250 and what is in flight
	mbufsPerMiB       = 300      // about 2.4 KB each, and a quarter of the memory left for the rest
	mbufOverhead      = 448      // bytes of an mbuf beside the frame's: its header, the pool's and the headroom
	headroom          = 128      // RTE_PKTMBUF_HEADROOM, which --mbuf-size includes
	defaultRoom       = 2048     // bytes of a frame in an mbuf by default
	ethernetMTU       = 1500
	overMTU           = 18   // header and FCS of a frame, by which testpmd counts a packet's length
	minMbufs          = 2048 // testpmd itself refuses 1024
)

func testpmdArgs(c eal.Config, ports, queues, mtu, workers int) ([]string, error) {
	// A VLAN tag may come on top. PMDs that do not scatter need an mbuf per frame.
	room := max(defaultRoom, mtu+overMTU+4)
	perMiB := mbufsPerMiB * (defaultRoom + mbufOverhead) / (room + mbufOverhead)
	// As many as the fill rings take are on their way up, and as many down: with the
	// rings' alone, nothing moves.
	rings := afxdpPorts(c) * queues * mbufsPerFillRing
	mbufs := ports*queues*mbufsPerQueuePair + (workers+1)*mbufsPerLcore + 3*rings
	if mib := smallestMiB(c.Memory); mib > 0 {
		// One pool on each NUMA node: the smallest sets the size.
		if mib*perMiB < minMbufs+2*rings {
			return nil, fmt.Errorf("memory: %d MiB on a NUMA node is too little for testpmd and frames of %d bytes", mib, max(mtu, ethernetMTU)+overMTU)
		}
		mbufs = min(mbufs, mib*perMiB)
	}
	topology := "paired"
	switch {
	case ports == 1:
		topology = "loop"
	case ports%2 == 1:
		topology = "chained" // paired would leave the last port by itself
	}
	args := []string{
		"--nb-cores=" + strconv.Itoa(min(workers, ports*queues)), // testpmd's default is one, whatever it was given
		"--rxq=" + strconv.Itoa(queues),
		"--txq=" + strconv.Itoa(queues),
		"--total-num-mbufs=" + strconv.Itoa(mbufs),
		"--port-topology=" + topology,
	}
	if mtu > ethernetMTU {
		args = append(args, "--max-pkt-len="+strconv.Itoa(mtu+overMTU), "--mbuf-size="+strconv.Itoa(room+headroom))
	}
	if queues > 1 {
		args = append(args, "--rss-udp") // by IP address alone, one pair of hosts would fill one queue
	}
	return args, nil
}

// afxdpPorts is how many of the ports are net_af_xdp's.
func afxdpPorts(c eal.Config) int {
	n := 0
	for _, d := range c.Devices {
		if _, ok := d.(eal.AFXDP); ok {
			n++
		}
	}
	return n
}

// smallestMiB is the memory of the node that has the least of those that have
// any; 0: taken as needed.
func smallestMiB(m eal.Memory) int {
	if m.NoHuge {
		return m.NoHugeMiB
	}
	nodes := slices.DeleteFunc(slices.Clone(m.NodeMiB), func(mib int) bool { return mib == 0 })
	if len(nodes) == 0 {
		return 0
	}
	return slices.Min(nodes)
}
