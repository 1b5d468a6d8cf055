//go:build unix

package podnet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// examplePod is a pod on a VF and a vhost-user socket. Two more VFs are on no
// network: two could have either.
const examplePod = `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "cbr0", "interface": "eth0", "default": true},
 {"name": "ns/sriov", "interface": "net1", "device-info":
  {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:3b:02.6"}}},
 {"name": "ns/vhost", "interface": "net2", "device-info":
  {"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "server", "path": "/run/vhost/net2"}}},
 {"name": "ns/left", "interface": "net3"},
 {"name": "ns/right", "interface": "net4"}]
-- environ --
PCIDEVICE_EXAMPLE_COM_VF=0000:3b:02.6
PCIDEVICE_EXAMPLE_COM_SPARE=0000:5e:0a.2,0000:5e:0a.1
-- /sys/bus/pci/devices/0000:3b:02.6/numa_node --
0
-- /sys/bus/pci/devices/0000:5e:0a.1/numa_node --
1
-- /sys/bus/pci/devices/0000:5e:0a.2/numa_node --
1
-- /proc/self/status --
Cpus_allowed_list:	4-7
-- symlinks --
/sys/bus/pci/devices/0000:3b:02.6/driver -> ../../../../bus/pci/drivers/vfio-pci
`

// example writes a pod's files somewhere. A program of a pod's has its own root
// and environment instead: the zero podnet.Options.
func example(text string) (s *podnettest.Scenario, remove func()) {
	dir, err := os.MkdirTemp("", "podnet")
	if err != nil {
		panic(err)
	}
	s, err = podnettest.Parse([]byte(text))
	if err == nil {
		err = s.Write(dir)
	}
	if err != nil {
		panic(err)
	}
	return s, func() { os.RemoveAll(dir) }
}

// Prints the container's interfaces and devices, with the evidence for each.
func ExampleDiscover() {
	s, remove := example(examplePod)
	defer remove()
	pod, err := podnet.Discover(context.Background(), s.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range pod.Interfaces {
		if err := i.PortError(); err != nil {
			fmt.Println("not for DPDK:", err)
		} else {
			fmt.Println(i.Name, i.Network, i.Kind)
		}
	}
	for _, u := range pod.Unassigned {
		fmt.Println(u.ID, u.Reason, u.Candidates)
	}
	// Output:
	// not for DPDK: interface "eth0": it is a kernel network device, which DPDK cannot drive
	// net1 ns/sriov pci
	// net2 ns/vhost vhost-user
	// not for DPDK: interface "net3": nothing tells which device carries it: name the device or the socket by a hint
	// not for DPDK: interface "net4": nothing tells which device carries it: name the device or the socket by a hint
	// 0000:5e:0a.1 ambiguous [net3 net4]
	// 0000:5e:0a.2 ambiguous [net3 net4]
}

// Wait gives up with the reason when its context ends, and at once with what
// waiting does not mend.
func ExampleWait() {
	s, remove := example(examplePod)
	defer remove()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pod, err := podnet.Wait(ctx, s.Options(), podnet.Ready)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(pod.Interfaces), "interfaces")

	_, err = podnet.Wait(ctx, s.Options(), func(pod *podnet.Pod) error {
		_, err := pod.Lookup("net9")
		return err
	})
	fmt.Println(errors.Is(err, podnet.ErrNoSuchInterface), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// 5 interfaces
	// true false
}

// Watch gives the pod at once and after every change, such as the status that
// Multus writes when the container runs already.
func ExampleWatch() {
	s, remove := example("-- annotations/a --\nb\n")
	defer remove()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for pod, err := range podnet.Watch(ctx, s.Options()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(pod.Interfaces), "interfaces, no status:", errors.Is(podnet.Ready(pod), podnet.ErrNoStatus))
		if len(pod.Interfaces) > 0 {
			break
		}
		if err := s.Update([]byte(`
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ns/sriov", "interface": "net1"}]
`)); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// 0 interfaces, no status: true
	// 1 interfaces, no status: false
}

// The arguments of a DPDK program, with an option for one port.
func ExamplePod_EALConfig() {
	s, remove := example(examplePod)
	defer remove()
	pod, err := podnet.Discover(context.Background(), s.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	config, ports, err := pod.EALConfig(podnet.EALOptions{
		Memory:  podnet.MemoryNone,
		DevArgs: map[string][]eal.DevArg{"net2": {{Key: "queue_size", Value: "512"}}},
	})
	if err != nil {
		fmt.Println(err) // podnet.ErrNoPorts, podnet.ErrCPUsUnknown and others
		return
	}
	for _, port := range ports {
		fmt.Println(port.Interface, port.Kind, port.Device, "is DPDK's port", port.PortName)
	}
	args, err := config.Args()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(args, "\n"))
	// Output:
	// net1 pci 0000:3b:02.6 is DPDK's port 0000:3b:02.6
	// net2 vhost-user /run/vhost/net2 is DPDK's port net_virtio_user_net2
	// --lcores=0@4,1@5,2@6,3@7
	// --no-huge
	// -m
	// 240
	// --file-prefix=podnet
	// --iova-mode=va
	// -a
	// 0000:3b:02.6
	// --vdev=net_virtio_user_net2,path=/run/vhost/net2,server=1,queue_size=512
}

// A user's name for what to drive: an interface's, a network's, a device's
// address or a resource.
func ExamplePod_Lookup() {
	s, remove := example(examplePod)
	defer remove()
	pod, err := podnet.Discover(context.Background(), s.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"net1", "vhost", "0000:3b:02.6", "example.com/spare", "net9"} {
		found, err := pod.Lookup(name)
		if err != nil {
			fmt.Println(errors.Is(err, podnet.ErrNoSuchInterface), err)
			continue
		}
		for _, i := range found {
			fmt.Println(name, "is", i.Name)
		}
	}
	// Output:
	// net1 is net1
	// vhost is net2
	// 0000:3b:02.6 is net1
	// example.com/spare is 0000:5e:0a.1
	// example.com/spare is 0000:5e:0a.2
	// true interface "net9": the pod has no such interface: it has eth0, net1, net2, net3, net4, and devices on no interface: 0000:5e:0a.1 of EXAMPLE_COM_SPARE, 0000:5e:0a.2 of EXAMPLE_COM_SPARE
}
