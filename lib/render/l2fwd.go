package render

import (
	"fmt"
	"strconv"
)

// l2fwdPortsPerLcore is MAX_RX_QUEUE_PER_LCORE of l2fwd.
const l2fwdPortsPerLcore = 16

// l2fwdArgs spreads the ports over all lcores: l2fwd polls on the main one too.
func l2fwdArgs(ports, lcores int) ([]string, error) {
	mask, err := portMask(L2fwd, ports)
	if err != nil {
		return nil, err
	}
	perLcore := (ports + lcores - 1) / lcores
	if perLcore > l2fwdPortsPerLcore {
		return nil, fmt.Errorf("l2fwd: %d ports on %d lcores, and an lcore polls %d", ports, lcores, l2fwdPortsPerLcore)
	}
	return []string{"-p", mask, "-q", strconv.Itoa(perLcore)}, nil
}
