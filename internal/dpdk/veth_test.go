//go:build cgo && !nodpdk

package dpdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// carry is a program that sends packets from the first port of EAL's arguments to
// the second, and tells its counts.
func carry(ctx context.Context, args []string) error {
	var ports []*Port
	r, err := Start(ctx, Options{Args: args})
	if err != nil {
		return err
	}
	for i, arg := range args {
		if i == 0 || args[i-1] != "--vdev" {
			continue
		}
		name, _, _ := strings.Cut(arg, ",")
		p, err := r.Port(ctx, name)
		if err == nil {
			err = errors.Join(p.Configure(ctx, PortConfig{}), p.Start(ctx))
		}
		if err != nil {
			return err
		}
		ports = append(ports, p)
	}
	rx, tx := verifier(Queue{Port: ports[1]}, 10), generator(Queue{Port: ports[0]}, 10)
	tx.Rate, tx.Limit = 2000, 4000 // two rings full and more, slow enough for a busy machine
	j, err := r.Run(ctx, []Stream{rx, tx}, r.PollingLcores())
	if err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); (j.Counters(0).RxPackets < tx.Limit || j.Counters(1).TxPackets < tx.Limit) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	c, s := j.Counters(0), j.Counters(1)
	fmt.Printf("sent %d, refused %d, received %d, other %d, changed %d\n", s.TxPackets, s.TxRefused, c.RxPackets, c.RxOther, c.RxChanged())
	return errors.Join(j.Stop(ctx), ports[0].Close(ctx), ports[1].Close(ctx), r.Close(ctx))
}

func init() { programs["carry"] = carry }

// The drivers of kernel interfaces carry every packet, with pools that fit them.
// net_af_packet's own ring holds a quarter of a second of them unless it is larger.
func TestVethPair(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to make network interfaces")
	}
	for driver, options := range map[string]string{"net_af_xdp": "", "net_af_packet": ",framecnt=4096"} {
		t.Run(driver, func(t *testing.T) {
			vdevs := fmt.Sprintf(" --vdev %[1]s0,iface=podnet-a%[2]s --vdev %[1]s1,iface=podnet-b%[2]s", driver, options)
			// A network namespace of its own, in which nobody else sends.
			shell := "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; " +
				"ip link add podnet-a type veth peer name podnet-b && ip link set podnet-a up && ip link set podnet-b up && "
			cmd := process(t, t.TempDir(), shell, "carry",
				"--no-huge -m 192 --no-pci --no-telemetry --lcores 0@0,(1-2)@0-1 --file-prefix veth"+vdevs)
			inNamespace(t, cmd, "--net")
			out, err := cmd.CombinedOutput()
			const want = "sent 4000, refused 0, received 4000, other 0, changed 0\n"
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%v, want %s\n%s", err, want, out)
			}
		})
	}
}
