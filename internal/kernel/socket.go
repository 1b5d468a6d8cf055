package kernel

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// ErrOtherSocket means that a datagram socket has the name.
var ErrOtherSocket = errors.New("a socket of another type has this name")

// AskSocket tells whether a process holds a Unix socket: nil, or why not. A name that begins
// with '@' is abstract. AskSocket connects with a type of socket that no peer of DPDK has.
// The kernel refuses that with one error for a socket in use, and with another for a socket
// that a dead process left. So the peer notices nothing, which matters: DPDK's memif server
// may panic when a connection ends as soon as it began.
func AskSocket(ctx context.Context, name string) error {
	c, err := (&net.Dialer{}).DialContext(ctx, "unixgram", name)
	if err == nil {
		_ = c.Close()
		return ErrOtherSocket
	}
	if errors.Is(err, syscall.EPROTOTYPE) {
		return nil
	}
	return err
}
