package eal

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// App is a stock DPDK application.
type App string

// The applications.
const (
	AppTestpmd App = "testpmd" // dpdk-testpmd, from DPDK's packages
	AppL2fwd   App = "l2fwd"   // dpdk-l2fwd, from DPDK's examples
	AppL3fwd   App = "l3fwd"   // dpdk-l3fwd, from DPDK's examples
	AppPktgen  App = "pktgen"  // pktgen, of Pktgen-DPDK
)

// Apps are the applications that AppArgs knows.
func Apps() []App { return []App{AppTestpmd, AppL2fwd, AppL3fwd, AppPktgen} }

// AppOptions are the choices that a Config does not hold. The zero value asks
// for one queue pair on each port.
type AppOptions struct {
	Queues int // queue pairs of each port; 0 means 1
}

// AppArgs gives the arguments that app needs after the "--" to use every port
// and lcore of c. It assumes that each device becomes one port. It fails
// without a port, with more than an application's mask can name, for memory too
// small to start with, and for an unknown app.
func (c Config) AppArgs(app App, o AppOptions) ([]string, error) {
	queues := max(o.Queues, 1)
	if queues > maxQueues {
		return nil, fmt.Errorf("%d queues: want 1 to %d", o.Queues, maxQueues)
	}
	ports := c.countPorts()
	if ports == 0 {
		return nil, fmt.Errorf("%s: no port to use", app)
	}
	var workers []int // the main lcore only controls
	for _, l := range c.Lcores() {
		if l.ID > 0 {
			workers = append(workers, l.ID)
		}
	}
	if len(workers) == 0 {
		return nil, errors.New("no CPUs to run on: EAL needs one at least")
	}
	switch app {
	case AppTestpmd:
		return c.testpmdArgs(ports, queues, len(workers))
	case AppL2fwd:
		return l2fwdArgs(ports, len(workers)+1)
	case AppL3fwd:
		return c.l3fwdArgs(ports, queues, workers)
	case AppPktgen:
		return pktgenArgs(ports, queues, workers), nil
	}
	return nil, fmt.Errorf("application %s: want one of %v", shown(string(app)), Apps())
}

// countPorts counts the distinct devices, the caller's own among them.
func (c Config) countPorts() int {
	names := make(map[string]bool)
	for _, d := range c.Devices {
		names[d.PortName()] = true
	}
	extra, err := parseOptions(c.Version, c.Extra)
	if err != nil {
		return len(names) // Args reports it
	}
	for _, g := range extra {
		if g.long == "vdev" || g.long == "allow" {
			names[deviceName(g)] = true
		}
	}
	return len(names)
}

// What testpmd's pool of mbufs has to hold, and what it may take.
const (
	mbufsPerQueuePair = 2 * 1024 // a full ring each way; PMDs default to 512 descriptors or less, some to 1024
	mbufsPerLcore     = 512      // testpmd's cache of 250 and what is in flight
	mbufsPerMiB       = 300      // about 2.4 KB each, and a quarter of the memory left for the rest
	minMbufs          = 2048     // testpmd itself refuses 1024
)

func (c Config) testpmdArgs(ports, queues, workers int) ([]string, error) {
	mbufs := ports*queues*mbufsPerQueuePair + (workers+1)*mbufsPerLcore
	if mib := c.Memory.smallestMiB(); mib > 0 {
		// One pool on each NUMA node: the smallest sets the size.
		if mib*mbufsPerMiB < minMbufs {
			return nil, fmt.Errorf("memory: %d MiB on a NUMA node is too little for testpmd", mib)
		}
		mbufs = min(mbufs, mib*mbufsPerMiB)
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
	if queues > 1 {
		args = append(args, "--rss-udp") // by IP address alone, one pair of hosts would fill one queue
	}
	return args, nil
}

// smallestMiB is the memory of the node that has the least of those that have
// any; 0: taken as needed.
func (m Memory) smallestMiB() int {
	if m.NoHuge {
		return m.NoHugeMiB
	}
	nodes := slices.DeleteFunc(slices.Clone(m.NodeMiB), func(mib int) bool { return mib == 0 })
	if len(nodes) == 0 {
		return 0
	}
	return slices.Min(nodes)
}

// maxPorts is how many ports a mask can name.
const maxPorts = 63

func portMask(app App, ports int) (string, error) {
	if ports > maxPorts {
		return "", fmt.Errorf("%s: %d ports, and its mask names %d", app, ports, maxPorts)
	}
	return fmt.Sprintf("%#x", uint64(1)<<ports-1), nil
}

// l2fwdPortsPerLcore is MAX_RX_QUEUE_PER_LCORE of l2fwd.
const l2fwdPortsPerLcore = 16

// l2fwdArgs spreads the ports over all lcores: l2fwd polls on the main one too.
func l2fwdArgs(ports, lcores int) ([]string, error) {
	mask, err := portMask(AppL2fwd, ports)
	if err != nil {
		return nil, err
	}
	perLcore := (ports + lcores - 1) / lcores
	if perLcore > l2fwdPortsPerLcore {
		return nil, fmt.Errorf("l2fwd: %d ports on %d lcores, and an lcore polls %d", ports, lcores, l2fwdPortsPerLcore)
	}
	return []string{"-p", mask, "-q", strconv.Itoa(perLcore)}, nil
}

// l3fwdArgs deals the queues out to the workers by turns. l3fwd sends on a queue
// of its own for each lcore, so a socket needs as many queues as there are
// lcores.
func (c Config) l3fwdArgs(ports, queues int, workers []int) ([]string, error) {
	mask, err := portMask(AppL3fwd, ports)
	if err != nil {
		return nil, err
	}
	var queueMap []string
	for port := range ports {
		for queue := range queues {
			lcore := workers[len(queueMap)%len(workers)]
			queueMap = append(queueMap, fmt.Sprintf("(%d,%d,%d)", port, queue, lcore))
		}
	}
	args := []string{"-p", mask, "--config=" + strings.Join(queueMap, ",")}
	if c.hasVirtual() {
		// Virtual devices neither tell packet types nor check sums.
		args = append(args, "--parse-ptype")
		if c.Version >= V24_11 {
			args = append(args, "--relax-rx-offload")
		}
	}
	return args, nil
}

func (c Config) hasVirtual() bool {
	return slices.ContainsFunc(c.Devices, func(d Device) bool {
		switch d.(type) {
		case PCI, Auxiliary:
			return false
		}
		return true
	})
}

// pktgenArgs gives each port lcores of its own to receive and others to send
// where there are enough, up to one a queue; otherwise the ports share them.
func pktgenArgs(ports, queues int, workers []int) []string {
	each := len(workers) / ports
	var matrix []string
	for port := range ports {
		if each < 2 {
			lcore := workers[port%len(workers)]
			matrix = append(matrix, fmt.Sprintf("[%d:%d].%d", lcore, lcore, port))
			continue
		}
		own := workers[port*each : (port+1)*each]
		n := min(each/2, queues)
		matrix = append(matrix, fmt.Sprintf("[%s:%s].%d", lcoreRange(own[:n]), lcoreRange(own[n:2*n]), port))
	}
	return []string{"-P", "-m", strings.Join(matrix, ",")}
}

// lcoreRange writes consecutive lcores as pktgen reads them.
func lcoreRange(lcores []int) string {
	first, last := lcores[0], lcores[len(lcores)-1]
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}
