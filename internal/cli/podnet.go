package cli

import "context"

const podnetHelp = `podnet works out which SR-IOV VFs, vhost-user sockets, memif sockets, vDPA and RDMA
devices this pod was given, and writes the arguments and files with which programs
use them. It is static and needs no DPDK.`

// Podnet runs the command line of podnet, which has the commands of every program
// and no others.
func Podnet(ctx context.Context, args, env []string, streams Streams) int {
	return Main(ctx, Program{Name: "podnet", Short: "Resolve a pod's network devices, and configure programs for them", Long: podnetHelp}, args, env, streams)
}
