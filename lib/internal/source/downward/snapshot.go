package downward

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

const (
	annotationsFile = "annotations"
	labelsFile      = "labels"
)

const (
	// maxFiles is the number of files that are read of a directory beside its
	// annotations and labels. The injector makes two for each page size and
	// container.
	maxFiles = 1000
	// maxOther is the number of bytes that are read of all files together whose
	// names do not tell what they are.
	maxOther = rootfs.MaxAnnotations
)

// snapshot is what a directory had at one time.
type snapshot struct {
	dir      string
	target   string // of the link ..data; empty: not kubelet's layout
	files    []file // by name; those that are not there any more, or not regular, are left out
	problems []fact.Fact
}

// file is one file of a snapshot.
type file struct {
	name string
	data []byte
	err  error
}

func (s snapshot) ofKubelet() bool { return s.target != "" }

func (s snapshot) has(name string) bool {
	for _, f := range s.files {
		if f.name == name {
			return true
		}
	}
	return false
}

// Target gives the text of the volume's link ..data, which changes with every
// update of the volume. It is empty if there is no such link: the directory is
// not of kubelet's making, or a subPath mount, which is never updated.
func Target(root rootfs.FS, dir string) string {
	target, err := root.Readlink(path.Join(dir, "..data"))
	if err != nil {
		return ""
	}
	return target
}

// take reads the directory. Kubelet updates a volume by making a new directory,
// turning the link ..data to it and removing the old one with all its files,
// which may happen between our steps: then begin again.
func take(root rootfs.FS, dir string) snapshot {
	const attempts = 20
	target := Target(root, dir)
	for range attempts {
		s := readAll(root, dir, target)
		if target == "" {
			return s
		}
		now := Target(root, dir)
		if now == target {
			return s
		}
		target = now
	}
	return snapshot{dir: dir, target: target, problems: []fact.Fact{fact.Problemf(
		fact.Origin{Source: fact.DownwardAPI, Where: dir}, fact.Unreadable,
		"the volume changed %d times while it was read", attempts)}}
}

// readAll reads the files of one state of the volume, which kubelet does not
// write to again.
func readAll(root rootfs.FS, dir, target string) snapshot {
	s := snapshot{dir: dir, target: target}
	current := dir
	if target != "" {
		if current = target; !path.IsAbs(target) {
			current = path.Join(dir, target)
		}
	}
	names, err := root.ReadDir(current)
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	if err != nil { // files may be readable where the directory is not
		names = []string{annotationsFile, labelsFile}
	}
	others, left := 0, int64(maxOther)
	for _, name := range names {
		if strings.HasPrefix(name, "..") {
			continue
		}
		limit := int64(rootfs.MaxAnnotations)
		kind := kindOf(name)
		if kind != annotationsKind && kind != labelsKind {
			if others++; others > maxFiles {
				continue
			}
		}
		switch kind {
		case hugepagesKind:
			limit = rootfs.MaxSmall
		case otherKind:
			limit = left
		}
		data, err := root.ReadFile(path.Join(current, name), limit)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, rootfs.ErrNotRegular) && kind == otherKind:
			continue // such as the directory of a file with a longer path
		case kind == otherKind:
			left -= int64(len(data))
		}
		s.files = append(s.files, file{name, data, err})
	}
	if others > maxFiles {
		s.problems = append(s.problems, fact.Problemf(fact.Origin{Source: fact.DownwardAPI, Where: dir}, fact.Unreadable,
			"%d files, of which the first %d are read", others, maxFiles))
	}
	return s
}
