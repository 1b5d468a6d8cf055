// Package downward reads the Downward API volume, in which kubelet gives a
// container its pod's annotations.
package downward

import (
	"errors"
	"io/fs"
	"path"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
)

// DefaultDirs are the places where pods mount the volume: the first is that of
// the network resources injector.
var DefaultDirs = []string{"/etc/podnetinfo", "/etc/podinfo"}

// Volume is one consistent state of a Downward API volume.
type Volume struct {
	// Annotations are the pod's annotations; nil: there is no file of them, or
	// it cannot be read.
	Annotations map[string]string
	// Facts are the problems found on the way.
	Facts []fact.Fact
}

// Read reads the first of dirs that has an annotations file. A volume may have
// hugepage requests of every container of the pod; container is the name of
// ours, or empty if that is not known.
func Read(root rootfs.FS, dirs []string, container string) Volume {
	for _, dir := range dirs {
		name := path.Join(dir, "annotations")
		at := fact.Origin{Source: fact.DownwardAPI, Where: name}
		current, data, err := readSnapshot(root, dir, "annotations")
		switch {
		case err == nil:
			annotations, facts := parseAnnotations(data, at)
			facts = append(facts, hugepageRequests(root, dir, current, container)...)
			return Volume{annotations, facts}
		case !errors.Is(err, fs.ErrNotExist):
			return Volume{Facts: []fact.Fact{fact.Problemf(at, fact.Unreadable, "%w", err)}}
		}
	}
	at := fact.Origin{Source: fact.DownwardAPI, Where: path.Join(dirs[0], "annotations")}
	return Volume{Facts: []fact.Fact{fact.Problemf(at, fact.NoAnnotations,
		"no annotations file: give the pod a downwardAPI volume with metadata.annotations, mounted at %s", dirs[0])}}
}

// readSnapshot reads a file of the volume from the directory that its link
// ..data names, and returns that directory for the other files of the same
// state. Kubelet updates a volume by making a new directory, turning the link to
// it and removing the old one, which may happen between our two steps.
func readSnapshot(root rootfs.FS, dir, name string) (current string, data []byte, err error) {
	const attempts = 3
	for range attempts {
		target, linkErr := root.Readlink(path.Join(dir, "..data"))
		if current = target; !path.IsAbs(target) {
			current = path.Join(dir, target)
		}
		if linkErr != nil { // not kubelet's work: a plain directory, or a subPath mount
			current = dir
		}
		data, err = root.ReadFile(path.Join(current, name), rootfs.MaxAnnotations)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return current, data, err
}
