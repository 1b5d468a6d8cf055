// Package socket looks whether the sockets that other facts name exist. It does not
// connect to them.
package socket

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

const procUnix = "/proc/net/unix"

// Look gives a fact.Socket for each of the paths if it can see
// whether a socket is there. A path that begins with '@' is the name of an
// abstract socket, which is in no directory. Paths that are relative, and those
// that nothing can have, are skipped.
func Look(root rootfs.FS, paths []string) []fact.Fact {
	l := looker{FS: root}
	for _, name := range paths {
		switch {
		case strings.Contains(name, "\x00"):
		case strings.HasPrefix(name, "/"):
			l.file(name)
		case strings.HasPrefix(name, "@") && len(name) > 1 && !strings.Contains(name, "\n"):
			l.abstract(name)
		}
	}
	return l.facts
}

type looker struct {
	rootfs.FS
	facts []fact.Fact
	asked bool            // procUnix was read
	names map[string]bool // abstract sockets, by abstractKey; nil: not known
}

func (l *looker) add(f fact.Fact) { l.facts = append(l.facts, f) }

// file looks for a socket in the file system.
func (l *looker) file(name string) {
	at := fact.Origin{Source: fact.File, Where: name}
	socket := fact.Socket{Origin: at, Path: name}
	info, err := l.Stat(name)
	switch {
	case err == nil && info.Mode()&fs.ModeSocket != 0:
		socket.Exists = true
	case err == nil:
		l.add(fact.Problemf(at, fact.Malformed, "is not a socket, but %s", kind(info.Mode())))
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
	default:
		l.add(fact.Problemf(at, fact.Unreadable, "cannot see whether the socket is there: %w", fact.WithoutPath(err)))
		return
	}
	l.add(socket)
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a regular file"
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	default:
		return "a special file"
	}
}

// abstract looks for an abstract socket of this network namespace.
func (l *looker) abstract(name string) {
	at := fact.Origin{Source: fact.Proc, Where: procUnix}
	if !l.asked {
		l.asked = true
		data, err := l.ReadFile(procUnix, rootfs.MaxProc)
		switch {
		case err == nil:
			l.names = parseUnix(string(data))
		case !errors.Is(err, fs.ErrNotExist):
			l.add(fact.Problemf(at, fact.Unreadable, "%w", fact.WithoutPath(err)))
		}
	}
	if l.names != nil {
		l.add(fact.Socket{Origin: at, Path: name, Exists: l.names[abstractKey(name)]})
	}
}

// abstractKey is what two names of an abstract socket have in common if they
// differ in the NULs at the end alone: programs disagree on whether the rest of
// the address is part of the name. The kernel shows a NUL as '@'.
func abstractKey(name string) string { return strings.TrimRight(name, "@") }

// parseUnix reads /proc/net/unix (see proc_net(5)): seven columns, and behind
// them the name, which may have blanks in it, or nothing.
func parseUnix(text string) map[string]bool {
	const columns = 7
	names := map[string]bool{}
	for line := range strings.Lines(text) {
		rest := strings.TrimSuffix(line, "\n")
		for range columns {
			rest = strings.TrimLeft(rest, " \t")
			end := strings.IndexAny(rest, " \t")
			if end < 0 {
				rest = ""
				break
			}
			rest = rest[end:]
		}
		// One blank is the separator; more are part of the name.
		if rest != "" && strings.HasPrefix(rest[1:], "@") && abstractKey(rest[1:]) != "" {
			names[abstractKey(rest[1:])] = true
		}
	}
	return names
}
