// Package render gives the arguments and files of DPDK applications that use a pod's
// ports. Args gives an application's own arguments, behind the "--" that ends EAL's; Files
// and Template give configuration files. EAL's arguments are package eal's. Like package
// eal it does no I/O, so its answer depends on its arguments alone.
package render

import (
	"errors"
	"fmt"

	"github.com/podnet/podnet/lib/eal"
)

// App is a stock DPDK application.
type App string

// The applications.
const (
	Testpmd App = "testpmd" // dpdk-testpmd, from DPDK's packages
	L2fwd   App = "l2fwd"   // dpdk-l2fwd, from DPDK's examples
	L3fwd   App = "l3fwd"   // dpdk-l3fwd, from DPDK's examples
	Pktgen  App = "pktgen"  // pktgen, of Pktgen-DPDK
)

// Apps are the applications that Args knows.
func Apps() []App { return []App{Testpmd, L2fwd, L3fwd, Pktgen} }

// Options are the choices that an EAL configuration does not hold. The zero value
// asks for one queue pair on each port.
type Options struct {
	Queues int // queue pairs of each port; 0 means 1
	// MTU is the largest L3 packet that the ports have to carry, in bytes; 0 means
	// Ethernet's 1500.
	MTU int
}

// maxQueues is the limit of virtio_user and vhost.
const maxQueues = 128

// maxMTU is the largest IP packet (RFC 791).
const maxMTU = 65535

// Args gives the arguments that app needs after the "--" to use every port and
// lcore of c. It assumes that each device becomes one port. It fails without a
// port, with more than an application's mask can name, for memory too small to
// start with, and for an unknown app.
func Args(c eal.Config, app App, o Options) ([]string, error) {
	queues := max(o.Queues, 1)
	if queues > maxQueues {
		return nil, fmt.Errorf("%d queues: want 1 to %d", o.Queues, maxQueues)
	}
	if o.MTU < 0 || o.MTU > maxMTU {
		return nil, fmt.Errorf("MTU %d: want %d at most", o.MTU, maxMTU)
	}
	ports := len(c.PortNames())
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
	case Testpmd:
		return testpmdArgs(c, ports, queues, o.MTU, len(workers))
	case L2fwd:
		return l2fwdArgs(ports, len(workers)+1)
	case L3fwd:
		return l3fwdArgs(c, ports, queues, workers)
	case Pktgen:
		return pktgenArgs(ports, queues, workers), nil
	}
	return nil, fmt.Errorf("application %.100q: want one of %v", app, Apps())
}

// maxPorts is how many ports a mask can name.
const maxPorts = 63

func portMask(app App, ports int) (string, error) {
	if ports > maxPorts {
		return "", fmt.Errorf("%s: %d ports, and its mask names %d", app, ports, maxPorts)
	}
	return fmt.Sprintf("%#x", uint64(1)<<ports-1), nil
}
