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
	"slices"
	"sync"
	"syscall"

	"github.com/podnet/podnet/internal/rundir"
)

// claim is this process's hold on a socket that DPDK makes for it. DPDK's drivers
// remove whatever has the socket's name, both when they fail to bind it and when
// they close it, so a claim keeps them from other processes' files.
type claim struct {
	socket
	hold *net.UnixConn // the claimed name
	made fs.FileInfo   // the socket's file; nil: DPDK has not made it
}

// claim makes way for a server and takes its name: if several processes start at the
// same time, only one of them makes the socket. The caller releases it in any case.
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
	case err != nil && !errors.Is(err, fs.ErrNotExist): // clear says more of it
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

// files are the files that a process makes for DPDK, or DPDK for it, until they are removed:
// when DPDK has closed, or all at once from another goroutine.
type files struct {
	mu      sync.Mutex
	claims  []*claim    // on the sockets that are our files
	dir     *rundir.Dir // nil: not this process's alone, or removed
	removed bool
}

// claim takes a server's name, and makes way for it.
func (f *files) claim(ctx context.Context, s socket) error {
	c, err := s.claim(ctx)
	if err != nil {
		c.release() // what is there is another's
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claims = append(f.claims, c)
	return nil
}

// own takes the runtime directory of that prefix.
func (f *files) own(prefix string) error {
	dir, err := rundir.Own(prefix)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dir = dir
	return err
}

// note looks which sockets DPDK has made.
func (f *files) note() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.claims {
		c.note()
	}
}

// lost tells whether somebody else's file has the name of a socket.
func (f *files) lost() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.claims, (*claim).lost)
}

// names are all of them, directories after what is in them.
func (f *files) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, c := range f.claims {
		list = append(list, c.path)
	}
	if f.dir != nil {
		list = append(append(list, f.dir.Files()...), f.dir.Path())
	}
	return list
}

// remove removes what is left of them, once.
func (f *files) remove() (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.removed {
		return nil
	}
	f.removed = true
	for _, c := range f.claims {
		c.note() // DPDK may still be starting
		c.release()
	}
	if f.dir != nil {
		err = f.dir.Remove()
	}
	return err
}
