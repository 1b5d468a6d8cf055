package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// unixSocket is the Unix socket of a port.
type unixSocket struct {
	iface, path string
	server      bool // this side makes it
	memif       bool // or else vhost-user
}

func (u unixSocket) abstract() bool { return strings.HasPrefix(u.path, "@") }

// sockets are the sockets of the ports, of this side's making or of the peer's.
func (s *Subject) sockets(server bool) []unixSocket {
	var list []unixSocket
	for _, d := range s.EAL.Devices {
		var u unixSocket
		switch d := d.(type) {
		case eal.VirtioUser:
			if strings.HasPrefix(d.Path, "/dev/vhost-vdpa") {
				continue
			}
			u = unixSocket{d.Origin.Interface, d.Path, d.Server, false}
		case eal.Vhost:
			u = unixSocket{d.Origin.Interface, d.Path, !d.Client, false}
		case eal.Memif:
			u = unixSocket{d.Origin.Interface, d.Path, d.Server, true}
		default:
			continue
		}
		if u.server == server {
			list = append(list, u)
		}
	}
	return list
}

// needsSockets says why checks of the sockets of one side do not apply.
func needsSockets(server bool) func(*Subject) string {
	return func(s *Subject) string {
		switch {
		case len(s.sockets(server)) == 0 && server:
			return "no port makes a socket"
		case len(s.sockets(server)) == 0:
			return "no port connects to a socket"
		case s.system.access == nil:
			return "the files are a copy: sockets are in the real file system only"
		}
		return ""
	}
}

var _ = register(Check{
	ID: "socket-peer", Group: Sockets,
	About: "A process listens on each socket that a port connects to, and this user may connect. Run and bench wait for the peer, and memif connects later: for them its absence is a warning.",
	Findings: []Finding{
		{Code: podnet.CodeSocketMissing, Remedy: "start the peer (the virtual switch or the other pod), mount the volume with its socket, or wait with --wait"},
		{Code: podnet.CodeSocketStale, Remedy: "start the peer again: it makes the socket again"},
		{Code: podnet.CodeSocketClosed, Remedy: "run as the socket's user (securityContext.runAsUser), or let the peer make it with a wider mode (umask 0 of vswitchd, or its --vhost-owner)"},
		{Code: podnet.CodeMalformed, Remedy: "name the socket that the peer listens on"},
	},
	Needs: needsSockets(false),
	Run:   socketPeer,
})

func socketPeer(_ context.Context, s *Subject) []Result {
	var results []Result
	var evidence []string
	for _, u := range s.sockets(false) {
		r := Result{Interface: u.iface, Where: u.path, Evidence: s.system.described(u.path)}
		set := func(code podnet.Code, cause string) {
			r.Code, r.Cause, r.Transient = code, cause, code.Transient()
			if (s.linked() || u.memif) && (code == podnet.CodeSocketMissing || code == podnet.CodeSocketStale) {
				r.Status = Warn // run and bench wait for the peer, and a memif connects later
			}
			results = append(results, r)
		}
		switch err := s.connectable(u); {
		case err == nil:
			evidence = append(evidence, r.Evidence...)
		case errors.Is(err, kernel.ErrOtherSocket):
			set(podnet.CodeMalformed, u.path+" is a datagram socket, which no peer of DPDK's has")
		case errors.Is(err, errNoSocket):
			set(podnet.CodeMalformed, u.path+" is not a socket")
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED) && u.abstract():
			set(podnet.CodeSocketMissing, "the peer has not made its socket "+u.path)
		case errors.Is(err, syscall.ECONNREFUSED):
			set(podnet.CodeSocketStale, "nobody listens on "+u.path+": its process has ended and left it behind")
		case errors.Is(err, fs.ErrPermission):
			set(podnet.CodeSocketClosed, fmt.Sprintf("user %d may not connect to %s", s.system.process.uid, u.path))
		default:
			set(podnet.CodeSocketClosed, err.Error())
		}
	}
	if len(results) == 0 {
		return passed(evidence...)
	}
	return results
}

var errNoSocket = errors.New("not a socket")

// connectable tells why the process cannot connect. For another process the mode
// and the owner of the socket tell; whether somebody listens is asked for both.
func (s *Subject) connectable(u unixSocket) error {
	if s.system.probe != nil {
		err := s.system.probe(u.path)
		if info, statErr := s.system.root.Stat(u.path); err != nil && statErr == nil && info.Mode()&fs.ModeSocket == 0 {
			return errNoSocket
		}
		return err
	}
	if u.abstract() {
		return nil // of another network namespace
	}
	info, err := s.system.root.Stat(u.path)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return errNoSocket
	}
	return s.system.access(u.path, mayWrite)
}

var _ = register(Check{
	ID: "socket-place", Group: Sockets,
	About: "Each socket that a port makes can be made: the directory is there and writable, and no other process has the name.",
	Findings: []Finding{
		{Code: podnet.CodeSocketDirectory, Remedy: "mount a writable volume there (volumeMounts without readOnly), with securityContext.fsGroup where the pod is not root"},
		{Code: podnet.CodeSocketInUse, Remedy: "end the process that listens there, or give each pod a socket of its own"},
		{Code: podnet.CodeSocketStale, Remedy: "remove the file: DPDK does not (run and bench do)"},
	},
	Needs: needsSockets(true),
	Run:   socketPlace,
})

func socketPlace(_ context.Context, s *Subject) []Result {
	var results []Result
	var evidence []string
	for _, u := range s.sockets(true) {
		r := Result{Interface: u.iface, Where: u.path}
		if r.Code, r.Cause = s.place(u); r.Code != "" {
			if r.Code == podnet.CodeSocketDirectory {
				r.Where = path.Dir(u.path)
			}
			r.Evidence = s.system.described(r.Where)
			results = append(results, r)
			continue
		}
		// run, bench and exec take the group's bits out of the umask.
		evidence = append(evidence, fmt.Sprintf("%s: to be made by user %d with mode %#o: its peer runs as that user, as a member of the directory's group, or as root",
			u.path, s.system.process.uid, 0o777&^(s.system.process.umask&^0o070)))
	}
	if len(results) == 0 {
		return passed(evidence...)
	}
	return results
}

// place tells why a socket cannot be made.
func (s *Subject) place(u unixSocket) (podnet.Code, string) {
	if !u.abstract() {
		want := uint32(mayWrite | maySearch)
		if u.memif { // whose driver asks for both
			want |= mayRead
		}
		dir := path.Dir(u.path)
		if err := s.system.access(dir, want); err != nil {
			return podnet.CodeSocketDirectory, fmt.Sprintf("its socket %s is to be made in %s: %v", u.path, dir, errors.Unwrap(err))
		}
	}
	if s.system.probe == nil {
		return "", ""
	}
	err := s.system.probe(u.path)
	switch {
	case err == nil, errors.Is(err, kernel.ErrOtherSocket):
		return podnet.CodeSocketInUse, "another process listens on " + u.path
	case errors.Is(err, syscall.ECONNREFUSED) && !u.abstract():
		if info, err := s.system.root.Stat(u.path); err == nil && info.Mode()&fs.ModeSocket == 0 {
			return podnet.CodeSocketDirectory, "a file that is not a socket has the name " + u.path
		}
		if !s.linked() {
			return podnet.CodeSocketStale, "a dead process left " + u.path + " behind"
		}
	}
	return "", ""
}

// linked tells whether podnet itself is to run DPDK, and not another program.
func (s *Subject) linked() bool { return s.For == "" || s.For == "run" || s.For == "bench" }
