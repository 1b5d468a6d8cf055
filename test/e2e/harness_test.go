//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/test/internal/peertest"
)

// Two stock testpmds count the same. So a difference in the other tests does not come from
// the harness.
func TestStockPeersAgree(t *testing.T) {
	for _, tt := range []struct {
		net  socketNet
		vdev string // the pod's side
	}{
		{vhostUser("net1", client), "net_virtio_user_net1,path=%s"},
		{memif("net1", client), "net_memif_net1,role=client,socket-abstract=no,socket=%s"},
	} {
		t.Run(tt.net.kind, func(t *testing.T) {
			pod := newPod(t, tt.net)
			n := pod.networks[0]
			host := peerOf(t, pod, "rxonly")
			inPod := startTestpmd(t, podCPU, "macswap", fmt.Sprintf(tt.vdev, n.path))
			inPod.Command("start")
			host.awaitLink(n)
			want := host.exchange(peertest.Bursts*peertest.Burst, n)
			s, err := inPod.Telemetry.Stats(inPod.Ports[n.port()])
			if err != nil {
				t.Fatal(err)
			}
			if s.RxPackets != want || s.TxPackets != want {
				t.Errorf("pod's side: %+v, want %d each way", s, want)
			}
		})
	}
}

// The same for Open vSwitch between two ports of a stock testpmd.
func TestStockPeersAgreeThroughOVS(t *testing.T) {
	pod := newPod(t, vhostUser("net1", server), vhostUser("net2", server))
	net1, net2 := pod.networks[0], pod.networks[1]
	ovs := startOVS(t, net1, net2)
	inPod := startTestpmd(t, podCPU, "rxonly",
		fmt.Sprintf("net_virtio_user_net1,server=1,path=%s", net1.path),
		fmt.Sprintf("net_virtio_user_net2,server=1,path=%s", net2.path))
	port := func(n socketNet) int { return inPod.Ports[n.port()] }
	for _, n := range pod.networks {
		inPod.Await("link", func() error {
			up, err := inPod.Telemetry.LinkUp(port(n))
			if !up && err == nil {
				err = fmt.Errorf("%s is down", n.port())
			}
			return err
		})
	}
	ovs.awaitLinks(pod.networks...)
	inPod.Command("start tx_first 2")
	const want = 2 * peertest.Burst
	wantOVS := map[string]ovsStats{"net1": {want, want}, "net2": {want, want}}
	if diff := cmp.Diff(wantOVS, ovs.await(wantOVS), cmp.AllowUnexported(ovsStats{})); diff != "" {
		t.Errorf("OVS (-want +got):\n%s", diff)
	}
	for _, n := range pod.networks {
		inPod.Await("what OVS sent", func() error {
			s, err := inPod.Telemetry.Stats(port(n))
			if err == nil && (s.RxPackets != want || s.TxPackets != want) {
				err = fmt.Errorf("testpmd on %s: %+v, want %d each way", n.name, s, want)
			}
			return err
		})
	}
}
