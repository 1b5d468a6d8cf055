package dataplane

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// claim is this process's hold on a socket that DPDK makes for it. DPDK's drivers
// remove whatever has the socket's name, both when they fail to bind it and when
// they close it, so a claim keeps them from what is not ours.
type claim struct {
	socket
	hold *net.UnixConn // the claimed name
	made fs.FileInfo   // the socket's file; nil: DPDK has not made it
}

// claim makes way for a server and takes its name, so that of several processes
// that start at the same time one makes the socket. It is released in any case.
func (s socket) claim(ctx context.Context) (*claim, error) {
	c := &claim{socket: s}
	name, err := claimedName(s.path)
	if err == nil {
		// The kernel frees the name with the process.
		c.hold, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return c, fmt.Errorf("%s: another process makes it already", s)
	case err != nil && !errors.Is(err, fs.ErrNotExist): // of which clear says more
		return c, fmt.Errorf("%s: claim it: %w", s, err)
	}
	return c, s.clear(ctx)
}

// claimedName is an abstract socket's name that stands for a file, by whatever path.
func claimedName(path string) (string, error) {
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	dir, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", errors.ErrUnsupported
	}
	sum := sha256.Sum256([]byte(filepath.Base(path)))
	return fmt.Sprintf("@podnet-%x-%x-%x", dir.Dev, dir.Ino, sum[:8]), nil
}

// note takes the file for ours that is there now and was not when the name was
// claimed.
func (c *claim) note() {
	if info, err := os.Lstat(c.path); c.made == nil && err == nil && info.Mode().Type() == fs.ModeSocket {
		c.made = info
	}
}

// lost tells whether a file of somebody else has the socket's name.
func (c *claim) lost() bool {
	info, err := os.Lstat(c.path)
	return err == nil && (c.made == nil || !os.SameFile(c.made, info))
}

// release removes the socket, if DPDK has not, and gives its name back.
func (c *claim) release() {
	if c.made != nil && !c.lost() {
		_ = os.Remove(c.path)
	}
	if c.hold != nil {
		_ = c.hold.Close()
	}
}
