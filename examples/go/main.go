// Command go prints the arguments with which a DPDK program in Go starts EAL on the pod's
// interfaces, and which port each interface has: the part of examples/c/l2fwd.c that
// podnet is for. With github.com/yerden/go-dpdk the arguments go to eal.Init.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

func main() {
	podinfo := flag.String("podinfo", "", "directory of the Downward API volume, if it is at no usual place")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	argv, ports, err := arguments(ctx, os.Args[0], podnet.Options{Podinfo: *podinfo})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// n, err := eal.Init(argv), of go-dpdk, and then ethdev.GetPortByName(port.PortName).
	for _, arg := range argv {
		fmt.Println(arg)
	}
	for _, port := range ports {
		fmt.Printf("%s is port %s\n", port.Interface, port.PortName)
	}
}

// arguments waits for the pod's networks, and for the sockets of peers that come late, and
// gives what eal.Init takes, with the ports that it makes.
func arguments(ctx context.Context, program string, opts podnet.Options) (argv []string, ports []podnet.Port, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	pod, err := podnet.Wait(ctx, opts, podnet.Ready)
	if err != nil {
		return nil, nil, err
	}
	config, ports, err := pod.EALConfig(podnet.EALOptions{Version: eal.V24_11})
	if err != nil {
		return nil, nil, err
	}
	args, err := config.Args()
	return append([]string{program}, args...), ports, err
}
