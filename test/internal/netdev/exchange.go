//go:build linux

package netdev

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/test/internal/peertest"
)

// etherType is one for experiments (IEEE 802, local experimental 1).
const etherType = 0x88b5

// Frames describes the frames that Exchange sends.
type Frames struct {
	From, To string // MAC addresses
	Count    int
	Bytes    int           // of each, without the FCS
	Gap      time.Duration // after each
}

// Exchange sends frames from the netdev in a network namespace, and counts how
// many of them come back, each once, whole and with its addresses exchanged.
func Exchange(t *testing.T, namespace, netdev string, f Frames) (answered int) {
	t.Helper()
	if err := in(namespace, func() (err error) {
		answered, err = exchange(netdev, f)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return answered
}

func exchange(netdev string, f Frames) (int, error) {
	fd, err := open(netdev)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	src, err := net.ParseMAC(f.From)
	if err != nil {
		return 0, err
	}
	dst, err := net.ParseMAC(f.To)
	if err != nil {
		return 0, err
	}
	frame := slices.Concat(dst, src, binary.BigEndian.AppendUint16(nil, etherType), make([]byte, f.Bytes-headerBytes))
	for number := range f.Count {
		binary.BigEndian.PutUint32(frame[headerBytes:], uint32(number))
		if _, err := unix.Write(fd, frame); err != nil {
			return 0, fmt.Errorf("send frame %d: %w", number, err)
		}
		time.Sleep(f.Gap)
	}
	buf := make([]byte, f.Bytes+1)
	seen := map[uint32]bool{}
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err == unix.EAGAIN {
			return len(seen), nil
		}
		if err != nil {
			return 0, err
		}
		if n != f.Bytes || !slices.Equal(buf[:6], src) || !slices.Equal(buf[6:12], dst) {
			return 0, fmt.Errorf("a frame of %d bytes from %x to %x", n, buf[6:12], buf[:6])
		}
		number := binary.BigEndian.Uint32(buf[headerBytes:])
		if seen[number] {
			return 0, fmt.Errorf("frame %d came twice", number)
		}
		seen[number] = true
		if len(seen) < f.Count {
			continue
		}
		if err := wait(fd, quiet); err != nil { // for one that comes twice
			return 0, err
		}
	}
}

// quiet is how long Exchange waits for further frames when all have come.
const quiet = 200 * time.Millisecond

// wait sets how long to wait for a frame.
func wait(fd int, long time.Duration) error {
	timeout := unix.NsecToTimeval(int64(long))
	return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)
}

// headerBytes is where a frame's number is.
const headerBytes = 14

// open opens a packet socket for the frames that come in by the netdev.
func open(netdev string) (fd int, err error) {
	dev, err := net.InterfaceByName(netdev)
	if err != nil {
		return 0, err
	}
	protocol := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, etherType))
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(protocol))
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: dev.Index}); err != nil {
		return 0, err
	}
	// The default takes a hundred frames.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20); err != nil {
		return 0, err
	}
	return fd, wait(fd, peertest.Patience)
}
