//go:build e2e

package e2e

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// veth makes a pair of network interfaces on which nobody else sends.
func veth(t *testing.T, a, b string) {
	t.Helper()
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	run("link", "add", a, "type", "veth", "peer", "name", b)
	t.Cleanup(func() { run("link", "del", a) })
	for _, name := range []string{a, b} {
		// A kernel without IPv6 sends nothing by itself either.
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0o644)
		run("link", "set", name, "up")
	}
}

// reflect sends the frames that come on an interface back, with exchanged addresses
// and changed as change likes.
func reflect(t *testing.T, name string, change func(frame []byte) []byte) {
	t.Helper()
	link, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, all)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index})
	}
	if err == nil { // so that it ends
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000})
	}
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() {
		close(stop)
		<-stopped
		unix.Close(fd)
	})
	go func() {
		defer close(stopped)
		buf := make([]byte, 4096)
		for {
			select {
			case <-stop:
				return
			default:
			}
			n, from, err := unix.Recvfrom(fd, buf, 0)
			if ll, ok := from.(*unix.SockaddrLinklayer); err != nil || !ok || ll.Pkttype == unix.PACKET_OUTGOING || n < 60 {
				continue
			}
			frame := bytes.Clone(buf[:n])
			copy(frame, buf[6:12])
			copy(frame[6:], buf[:6])
			_, _ = unix.Write(fd, change(frame))
		}
	}()
}

// Frames that come back changed do not count as received. They are counted separately, and
// the result says how they were changed.
func TestChangedFrames(t *testing.T) {
	t.Parallel()
	const near, far, frames = "podnet-near", "podnet-far", 200
	const stamp = 14 + 20 + 8 // behind the headers
	tag := func(frame []byte, ids ...byte) []byte {
		var tags []byte
		for _, id := range ids {
			tags = append(tags, 0x81, 0x00, 0, id)
		}
		return slices.Concat(frame[:12], tags, frame[12:])
	}
	for _, tt := range []struct {
		name   string
		size   string
		change func([]byte) []byte
		count  func(result.Changed) uint64
		says   string
	}{
		{"truncated", "1518", func(f []byte) []byte { return f[:58] }, func(c result.Changed) uint64 { return c.RxTruncated }, "shorter than they were sent"},
		{"padded", "64", func(f []byte) []byte { return append(f, make([]byte, 300)...) }, func(c result.Changed) uint64 { return c.RxExtended }, "longer than they were sent"},
		{"a bit of the payload", "512", func(f []byte) []byte { f[400] ^= 1; return f }, func(c result.Changed) uint64 { return c.RxDamaged }, "damaged"},
		{"the checksum", "64", func(f []byte) []byte { f[stamp-1] ^= 1; return f }, func(c result.Changed) uint64 { return c.RxDamaged }, "damaged"},
		{"the time", "64", func(f []byte) []byte { f[stamp+12] ^= 0x40; return f }, func(c result.Changed) uint64 { return c.RxDamaged }, "damaged"},
		{"VLAN", "128", func(f []byte) []byte { return tag(f, 7) }, func(c result.Changed) uint64 { return c.RxRetagged }, "in VLAN 7"},
		{"QinQ", "128", func(f []byte) []byte { return tag(f, 7, 9) }, func(c result.Changed) uint64 { return c.RxRetagged }, "two VLAN tags, 7 and 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			veth(t, near, far)
			reflect(t, far, tt.change)
			time.Sleep(100 * time.Millisecond) // for the links to come up
			a := startPlain(t, testpeer.Options{}, "bench", "--vdev", "net_af_packet0,iface="+near, "--tx", "net_af_packet0", "--memory", "none",
				"--rate", "1000", "--duration", "200ms", "--frame-size", tt.size, "--dst-mac", "02:00:00:00:02:01", "--warmup", "0s", "-o", "json")
			if r := a.measured(); r.Sent.Packets != frames || r.Received.Packets != 0 || r.Lost != frames {
				t.Errorf("sent %d, received %d, lost %d; want %d, 0, %[4]d", r.Sent.Packets, r.Received.Packets, r.Lost, frames)
			}
			var r result.Result
			a.decode(&r)
			m := r.Measurements[0]
			if c := m.Trials[len(m.Trials)-1].Changed; tt.count(c) != frames {
				t.Errorf("counted %+v, want %d %s", c, frames, tt.name)
			}
			if caveats := strings.Join(m.Caveats(), "\n"); !strings.Contains(caveats, tt.says) {
				t.Errorf("the caveats are %q, want one that says %q", caveats, tt.says)
			}
		})
	}
}
