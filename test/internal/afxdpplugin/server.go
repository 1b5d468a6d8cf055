//go:build linux

package afxdpplugin

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Server serves the map of one device to one client, as the plugin does: it takes
// one connection, and removes its socket when that ends.
type Server struct {
	Path string

	host     string
	device   *Device
	listener *net.UnixListener
	done     chan struct{}

	mu       sync.Mutex
	requests []string
	err      error
}

// Serve listens on the socket that the plugin makes for the device, for a
// process on this host, which for a pod is the pod's name.
func Serve(device *Device, host string) (*Server, error) {
	path := filepath.Join("/tmp/afxdp_dp", device.Netdev, "afxdp.sock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	listener, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		return nil, err
	}
	// For those who are not root.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &Server{Path: path, host: host, device: device, listener: listener, done: make(chan struct{})}
	go s.serve()
	return s, nil
}

// Close ends the server, and removes its files in /tmp.
func (s *Server) Close() {
	s.listener.Close() // it may be closed
	<-s.done
	for _, dir := range []string{filepath.Dir(s.Path), filepath.Dir(filepath.Dir(s.Path))} {
		os.Remove(dir) // others may have something in it
	}
}

// Requests gives the client's requests so far. The error is what has gone wrong.
func (s *Server) Requests() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...), s.err
}

func (s *Server) serve() {
	defer close(s.done)
	conn, err := s.listener.AcceptUnix()
	if err != nil {
		return // closed before anybody came
	}
	defer s.listener.Close()
	defer conn.Close()
	for more := true; more && err == nil; {
		more, err = s.answer(conn)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// answer answers one request, and reports whether another may follow.
func (s *Server) answer(conn *net.UnixConn) (more bool, err error) {
	const longest = 256
	message := make([]byte, longest)
	n, err := conn.Read(message)
	if err != nil {
		return false, fmt.Errorf("the client left before /fin: %w", err)
	}
	request := string(message[:n])
	s.mu.Lock()
	first := len(s.requests) == 0
	s.requests = append(s.requests, request)
	s.mu.Unlock()

	var rights []byte
	reply := "/bad_request"
	word, argument, _ := strings.Cut(request, ",")
	switch {
	case first && (word != "/connect" || argument != s.host):
		reply, more = "/host_nak", false
	case first:
		reply, more = "/host_ok", true
	case word == "/version":
		reply, more = "0.1", true
	case word == "/xsk_map_fd" && argument == s.device.Netdev:
		reply, more, rights = "/fd_ack", true, unix.UnixRights(int(s.device.sockets.Fd()))
	case word == "/xsk_map_fd":
		reply, more = "/fd_nak", true
	case word == "/fin":
		reply = "/fin_ack"
	}
	_, _, err = conn.WriteMsgUnix([]byte(reply), rights, nil)
	return more, err
}
