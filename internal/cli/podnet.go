package cli

import (
	"context"
	"path/filepath"
	"strings"
)

const podnetHelp = `podnet works out which SR-IOV VFs, vhost-user sockets, memif sockets, vDPA and RDMA
devices this pod was given, and writes the arguments and files with which programs
use them. It is one static binary and needs no DPDK.`

// Podnet runs the command line of podnet, which has the commands of every program and no
// others. If the program's name is kubectl-podnet, it runs as the plug-in of kubectl.
func Podnet(ctx context.Context, argv, env []string, streams Streams) int {
	args := argv[1:]
	if strings.TrimSuffix(filepath.Base(argv[0]), ".exe") == kubectlName {
		return Kubectl(ctx, args, env, streams)
	}
	return Main(ctx, Program{Name: "podnet", Short: "Resolve a pod's network devices, and configure programs for them", Long: podnetHelp}, args, env, streams)
}
