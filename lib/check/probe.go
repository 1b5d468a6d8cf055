package check

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// errOtherSocket means that a datagram socket has the name.
var errOtherSocket = errors.New("a socket of another type has this name")

// probeSocket tells whether a process holds a socket: nil, or why not. It connects
// with a type of socket that no peer of DPDK's has, which the kernel refuses in a
// different way for a socket that is in use than for one that a dead process left.
// The peer notices nothing.
func probeSocket(name string) error {
	c, err := net.DialTimeout("unixgram", name, time.Second)
	if err == nil {
		_ = c.Close()
		return errOtherSocket
	}
	if errors.Is(err, syscall.EPROTOTYPE) {
		return nil
	}
	return err
}
