package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/eal"
)

// l3fwdArgs deals the queues out to the workers by turns. l3fwd sends on a queue
// of its own for each lcore, so a socket needs as many queues as there are
// lcores.
func l3fwdArgs(c eal.Config, ports, queues int, workers []int) ([]string, error) {
	mask, err := portMask(L3fwd, ports)
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
	if hasVirtual(c) {
		// Virtual devices neither tell packet types nor check sums.
		args = append(args, "--parse-ptype")
		if c.Version >= eal.V24_11 {
			args = append(args, "--relax-rx-offload")
		}
	}
	return args, nil
}

func hasVirtual(c eal.Config) bool {
	return slices.ContainsFunc(c.Devices, func(d eal.Device) bool {
		switch d.(type) {
		case eal.PCI, eal.Auxiliary:
			return false
		}
		return true
	})
}
