package eal_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
)

// Two interfaces of a pod with CPUs 130 and 131 and 1 GiB of hugepages.
func Example() {
	config := eal.Config{
		Version:    eal.V24_11,
		CPUs:       []int{130, 131},
		Memory:     eal.Memory{NodeMiB: []int{0, 1024}},
		FilePrefix: "podnet",
		IOVA:       eal.IOVAVirtual,
		Devices: []eal.Device{
			eal.PCI{Address: pciaddr.MustParse("0000:3b:02.6")},
			eal.VirtioUser{Origin: eal.Origin{Interface: "net2"}, Path: "/run/vhost/net2.sock", Server: true},
		},
	}
	args, err := config.Args()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(args, "\n"))
	fmt.Println("ports:", config.Devices[0].PortName(), config.Devices[1].PortName())
	// Output:
	// --lcores=0@130,1@131
	// --in-memory
	// --single-file-segments
	// --socket-mem=0,1024
	// --file-prefix=podnet
	// --iova-mode=va
	// -a
	// 0000:3b:02.6
	// --vdev=net_virtio_user_net2,path=/run/vhost/net2.sock,server=1
	// ports: 0000:3b:02.6 net_virtio_user_net2
}

// A path that would add an argument to the device is refused.
func ExampleValueError() {
	config := eal.Config{
		CPUs:       []int{0, 1},
		FilePrefix: "podnet",
		Devices: []eal.Device{eal.VirtioUser{
			Origin: eal.Origin{Interface: "net1", Where: "annotation userspace/configuration-data[0]"},
			Path:   "/run/s,server=1",
		}},
	}
	_, err := config.Args()
	fmt.Println(errors.Is(err, eal.ErrInexpressible))
	fmt.Println(err)
	// Output:
	// true
	// interface "net1": socket path "/run/s,server=1" (from annotation userspace/configuration-data[0]) has ',', which DPDK's device arguments cannot carry: give the socket another path, or bind-mount or link its directory to one
}
