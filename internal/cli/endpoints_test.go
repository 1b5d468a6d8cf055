package cli

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Devices of flags need nothing of a pod except its CPUs.
func TestEndpoints(t *testing.T) {
	netdev := upNetdev(t)
	o := EALOptions{
		Queues: 2, Memory: "none", FilePrefix: "x",
		Endpoints: Endpoints{
			VhostUser: []string{"/v0", "server:/v1"},
			Memif:     []string{"client:/m0", "server:/m1"},
			Ifaces:    []string{netdev},
		},
	}
	pod := podnet.Pod{CPUs: &podnet.CPUs{}}
	if err := pod.CPUs.Allowed.UnmarshalText([]byte("0-2")); err != nil {
		t.Fatal(err)
	}
	cfg, ports, err := o.Config(Deps{}, &pod, podnet.EALOptions{MTU: 9000})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range ports {
		names = append(names, p.Interface)
	}
	if want := []string{"vhost-user0", "vhost-user1", "memif0", "memif1", netdev}; !slices.Equal(names, want) {
		t.Errorf("ports %q, want %q", names, want)
	}
	argv, err := cfg.Args()
	if err != nil {
		t.Fatal(err)
	}
	var vdevs []string
	for _, a := range argv {
		if vdev, ok := strings.CutPrefix(a, "--vdev="); ok {
			vdevs = append(vdevs, vdev)
		}
	}
	if diff := cmp.Diff([]string{
		"net_virtio_user_vhost-user0,path=/v0,queues=2",
		"net_virtio_user_vhost-user1,path=/v1,server=1,queues=2",
		"net_memif_memif0,role=client,id=0,socket=/m0,socket-abstract=no,bsize=9022",
		"net_memif_memif1,role=server,id=0,socket=/m1,socket-abstract=no",
		"net_af_packet_" + netdev + ",iface=" + netdev + ",qpairs=2",
	}, vdevs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o.Endpoints = Endpoints{Ifaces: []string{netdev + ",af_xdp"}}
	if cfg, _, err = o.Config(Deps{}, &pod, podnet.EALOptions{}); err != nil || len(cfg.Devices) != 1 {
		t.Fatalf("%v, %v", cfg.Devices, err)
	}
	if _, ok := cfg.Devices[0].(eal.AFXDP); !ok {
		t.Errorf("%T, want AF_XDP", cfg.Devices[0])
	}
}

// upNetdev is a netdev that every machine has.
func upNetdev(t *testing.T) string {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Flags&net.FlagUp != 0 {
			return i.Name
		}
	}
	t.Skip("no network device is up here")
	return ""
}

func TestEndpointsRefused(t *testing.T) {
	for _, tt := range []struct {
		e    Endpoints
		code int
		says string
	}{
		{Endpoints{Ifaces: []string{"eth0,dpdk"}}, CodeUsage, "want NAME, NAME,af_packet or NAME,af_xdp"},
		{Endpoints{Ifaces: []string{""}}, CodeUsage, "want NAME"},
		{Endpoints{Memif: []string{"/a", "server:/a"}}, CodeUsage, `given twice`},
		{Endpoints{Ifaces: []string{"x", "x,af_xdp"}}, CodeUsage, `given twice`},
		{Endpoints{VhostUser: []string{"/a,b=1"}}, CodeUsage, "','"},
		{Endpoints{Ifaces: []string{"nosuch0"}}, CodeNotReady, "ip link"},
	} {
		o := EALOptions{Endpoints: tt.e, Queues: 1, Memory: "none", FilePrefix: "x"}
		_, _, err := o.Config(Deps{}, &podnet.Pod{}, podnet.EALOptions{})
		if ExitCode(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want code %d and %q", tt.e, err, tt.code, tt.says)
		}
	}
}
