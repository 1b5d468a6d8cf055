package dataplane

import "github.com/podnet/podnet/lib/eal"

// likelyCause says where to look when EAL made no port of a device.
func likelyCause(d eal.Device) string {
	switch d := d.(type) {
	case eal.PCI, eal.Auxiliary:
		return "see that its device nodes are in the container and may be opened " +
			"(/dev/vfio/vfio and /dev/vfio/GROUP, or /dev/infiniband/*), and that the container has IPC_LOCK"
	case eal.VirtioUser:
		return "see that " + d.Path + " may be opened, and that a vhost-user or vhost-vdpa peer answers there"
	case eal.Memif, eal.Vhost:
		return "see that the socket's directory may be read and written"
	case eal.AFXDP:
		if d.Plugin {
			return "the AF_XDP device plugin gives the netdev's packets once, to the pod that has this host's name: " +
				"delete the pod and create it again"
		}
		return "see that the netdev " + d.Netdev + " is there, and that the container has NET_ADMIN, NET_RAW and BPF"
	case eal.AFPacket:
		return "see that the netdev " + d.Netdev + " is there, and that the container has NET_RAW and NET_ADMIN"
	}
	return "see that DPDK has a driver of this name"
}
