package measure

import (
	"fmt"
	"os"
	"slices"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// neighbors warns of other DPDK programs that poll on one of our CPUs. Two such programs
// share the CPU in slices of the scheduler, and each loses packets in the other's slice.
func neighbors(s cli.Streams, name string) func(polling []dpdk.Lcore) {
	return func(polling []dpdk.Lcore) {
		for _, p := range kernel.Pollers(rootfs.FS{}, os.Getpid()) {
			if !slices.ContainsFunc(polling, func(l dpdk.Lcore) bool { return l.CPU == p.CPU }) {
				continue
			}
			if s.IsTerminal {
				fmt.Fprint(s.Err, "\r\x1b[K")
			}
			fmt.Fprintf(s.Err, "%s: warning: process %d (%s) polls on CPU %d, too: give each process CPUs of its own by --cpus\n", name, p.PID, p.Program, p.CPU)
		}
	}
}
