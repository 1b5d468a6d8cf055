// Command testpmd-wrapper finds out which network devices a pod was given, starts DPDK on
// them and measures the rates and delays of their path. Its commands are in internal/cli
// and internal/cli/measure.
package main

import (
	"context"
	"os"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/cli/measure"
)

func main() {
	os.Exit(measure.Main(context.Background(), os.Args[1:], os.Environ(), cli.SystemStreams()))
}
