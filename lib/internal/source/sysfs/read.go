package sysfs

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
)

func origin(name string) fact.Origin { return fact.Origin{Source: fact.Sysfs, Where: name} }

// text reads a file of one line; it is empty if there is no such file.
func (r *reader) text(elem ...string) string {
	name := path.Join(elem...)
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
		r.add(fact.Problemf(origin(path.Join(elem...)), fact.Malformed, "%.100q is not a number", text))
		return 0, false
	}
	return n, true
}

// linkBase gives the last element of a link's target. The depth of targets
// differs between machines, and a fixture need not have what they lead to.
func (r *reader) linkBase(elem ...string) string {
	name := path.Join(elem...)
	target, err := r.Readlink(name)
	if err != nil {
		r.unreadable(name, err)
		return ""
	}
	return path.Base(target)
}

// names lists a directory; it is empty if there is no such directory.
func (r *reader) names(elem ...string) []string {
	name := path.Join(elem...)
	names, err := r.ReadDir(name)
	if err != nil {
		r.unreadable(name, err)
	}
	return names
}

func (r *reader) unreadable(name string, err error) {
	if !errors.Is(err, fs.ErrNotExist) {
		r.add(fact.Problemf(origin(name), fact.Unreadable, "%w", err))
	}
}
