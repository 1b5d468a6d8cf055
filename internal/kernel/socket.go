package kernel

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// ErrOtherSocket means that a datagram socket has the name.
var ErrOtherSocket = errors.New("a socket of another type has this name")

// AskSocket tells whether a process holds a Unix socket: nil, or why not; a name that
// begins with '@' is abstract. It asks by connecting with a type of socket that no peer
// of DPDK's has, which the kernel refuses in a different way for a socket that is in
// use than for one that a dead process left. The peer notices nothing: DPDK's memif
// server may panic when a connection ends as soon as it began.
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
