package sysfs

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// maxEntries limits what is looked at of one directory.
const maxEntries = 4096

func origin(name string) fact.Origin { return fact.Origin{Source: fact.Sysfs, Where: name} }

// join is path.Join for elements that are clean already.
func join(elem ...string) string {
	if len(elem) == 1 {
		return elem[0]
	}
	return strings.Join(elem, "/")
}

// text reads a file of one line; it is empty if there is no such file.
func (r *reader) text(elem ...string) string {
	name := join(elem...)
	data, err := r.ReadFile(name, rootfs.MaxSmall)
	if err != nil {
		r.unreadable(name, err)
		return ""
	}
	return strings.TrimSpace(string(data))
}

// number reads a file of one decimal number.
func (r *reader) number(elem ...string) (int, bool) {
	text := r.text(elem...)
	if text == "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		r.malformed(join(elem...), "%.100q is not a number", text)
		return 0, false
	}
	return n, true
}

// hex reads a file of one hexadecimal number of at most so many digits, after a
// prefix 0x.
func (r *reader) hex(digits int, elem ...string) (uint32, bool) {
	text := r.text(elem...)
	if text == "" {
		return 0, false
	}
	number := strings.TrimPrefix(text, "0x")
	n, err := strconv.ParseUint(number, 16, 32)
	if err != nil || len(number) > digits {
		r.malformed(join(elem...), "%.100q is not a number of %d hexadecimal digits", text, digits)
		return 0, false
	}
	return uint32(n), true
}

// linkBase gives the last element of a link's target. The depth of targets
// differs between machines, and a fixture need not have what they lead to.
func (r *reader) linkBase(elem ...string) string {
	name := join(elem...)
	target, err := r.Readlink(name)
	if errors.Is(err, syscall.EINVAL) {
		target, err = r.copiedLink(name, err)
	}
	if err != nil {
		r.unreadable(name, err)
		return ""
	}
	return path.Base(target)
}

// copiedLink reads a link that was copied by a tool without links: a file with
// the target in it.
func (r *reader) copiedLink(name string, notLink error) (string, error) {
	data, err := r.ReadFile(name, rootfs.MaxSmall)
	target := strings.TrimSpace(string(data))
	if err != nil || !strings.HasPrefix(target, "../") || strings.ContainsAny(target, "\x00\n") {
		return "", notLink
	}
	return target, nil
}

// resolved gives the directory of a device for the name of the link to it, also where
// that was copied as a file with the target in it, and tells whether there is
// something of that name. A link on the bus counts, wherever it leads.
func (r *reader) resolved(dir string) (string, bool) {
	info, err := r.Stat(dir)
	if err == nil && info.Mode().IsRegular() {
		dir = r.copiedDir(dir)
		return dir, r.Listed(dir)
	}
	return dir, err == nil || r.Listed(dir)
}

// copiedDir follows a link that was copied as a file. It returns dir if dir is no such
// file.
func (r *reader) copiedDir(dir string) string {
	target, err := r.copiedLink(dir, syscall.ENOTDIR)
	if err != nil {
		return dir
	}
	return path.Join(path.Dir(dir), target)
}

// names lists a directory; it is empty if there is no such directory.
func (r *reader) names(elem ...string) []string {
	name := join(elem...)
	names, err := r.ReadDir(name)
	if err != nil {
		r.unreadable(name, err)
	}
	return r.capped(name, names)
}

func (r *reader) capped(dir string, names []string) []string {
	if len(names) > maxEntries {
		r.add(fact.Problemf(origin(dir), fact.Unreadable, "has %d entries; the first %d are read", len(names), maxEntries))
		names = names[:maxEntries]
	}
	return names
}

func (r *reader) unreadable(name string, err error) {
	if !errors.Is(err, fs.ErrNotExist) {
		r.add(fact.Problemf(origin(name), fact.Unreadable, "%w", fact.WithoutPath(err)))
	}
}

func (r *reader) malformed(name, format string, args ...any) {
	r.add(fact.Problemf(origin(name), fact.Malformed, format, args...))
}

// index reads the number of a name such as uverbs4 or virtfn12.
func index(name, prefix string) (int, bool) {
	number, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 31)
	return int(n), err == nil
}

// listing has the names in a device's directory, so that nothing is asked for
// that is not there.
type listing struct {
	names   []string
	unknown bool // the directory could not be listed; anything may be in it
}

func (l listing) has(name string) bool {
	if l.unknown {
		return true
	}
	_, found := slices.BinarySearch(l.names, name)
	return found
}

// list lists a device's directory, which it gives, and tells whether there is such a
// device. A link on the bus counts, wherever it leads.
func (r *reader) list(dir string) (string, listing, bool) {
	names, err := r.ReadDir(dir)
	if errors.Is(err, syscall.ENOTDIR) {
		dir = r.copiedDir(dir)
		names, err = r.ReadDir(dir)
	}
	switch {
	case err == nil:
		return dir, listing{names: r.capped(dir, names)}, true
	case errors.Is(err, fs.ErrNotExist):
		return dir, listing{}, r.Listed(dir)
	}
	r.unreadable(dir, err)
	return dir, listing{unknown: true}, true
}
