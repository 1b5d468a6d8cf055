package render

import (
	"fmt"
	"strconv"
	"strings"
)

// pktgenArgs gives each port its own lcores to receive and to send
// where there are enough, up to one per queue; otherwise the ports share them.
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
