// Command podnet tells which network devices a pod was given, and writes the
// arguments and files with which programs use them. It is testpmd-wrapper without
// DPDK and without measurements: a static program for init containers and scratch
// images. Its commands are in internal/cli.
package main

import (
	"context"
	"os"

	"github.com/podnet/podnet/internal/cli"
)

func main() {
	os.Exit(cli.Podnet(context.Background(), os.Args, os.Environ(), cli.SystemStreams()))
}
