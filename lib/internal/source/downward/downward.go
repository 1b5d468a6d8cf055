// Package downward reads the Downward API volume, in which kubelet gives a
// container its pod's annotations, labels and hugepage amounts, and the
// variables that are made of single annotations.
package downward

import (
	"path"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// DefaultDirs are the places where pods mount the volume. The network resources
// injector uses the first.
var DefaultDirs = []string{"/etc/podnetinfo", "/etc/podinfo"}

// Volume is one consistent state of a Downward API volume.
type Volume struct {
	// Annotations are the pod's annotations by their keys, each with the place
	// that it was read from; nil: the volume has no file of them, or none that
	// can be read.
	Annotations map[string]fact.Text
	// Facts are the labels, the hugepage amounts, and the problems found on the
	// way.
	Facts []fact.Fact
	// Dir is the directory that was read; empty: none has anything of use.
	Dir string
}

// Read reads the first of dirs that has an annotations file, or else the first
// that has anything else of a Downward API volume.
func Read(root rootfs.FS, dirs []string) Volume {
	if len(dirs) == 0 {
		dirs = DefaultDirs
	}
	var volume Volume
	for _, dir := range dirs {
		s := take(root, dir)
		if s.has(annotationsFile) {
			return s.volume()
		}
		if volume.Dir == "" {
			volume = s.volume()
		}
	}
	if volume.Annotations == nil {
		at := fact.Origin{Source: fact.DownwardAPI, Where: path.Join(dirs[0], annotationsFile)}
		volume.Facts = append(volume.Facts, fact.Problemf(at, fact.NoAnnotations,
			"no annotations file: give the pod a downwardAPI volume with metadata.annotations, mounted at %s", dirs[0]))
	}
	return volume
}

// volume makes facts of a snapshot. Its Dir is empty if there was nothing of
// use.
func (s snapshot) volume() Volume {
	v := Volume{Facts: s.problems}
	found := len(s.problems) > 0
	var raw []file
	for _, f := range s.files {
		at := fact.Origin{Source: fact.DownwardAPI, Where: path.Join(s.dir, f.name)}
		kind := kindOf(f.name)
		if f.err != nil {
			if kind != otherKind || s.ofKubelet() {
				v.Facts = append(v.Facts, fact.Problemf(at, fact.Unreadable, "%w", f.err))
				found = true
			}
			continue
		}
		text := string(f.data)
		switch kind {
		case annotationsKind:
			if isJSON(text) {
				raw = append(raw, f)
				break
			}
			annotations, problems := parseAnnotations(text, at)
			v.Annotations = annotations
			v.Facts = append(v.Facts, problems...)
		case labelsKind:
			v.Facts = append(v.Facts, parseLabels(text, at)...)
		case hugepagesKind:
			v.Facts = append(v.Facts, hugepageAmount(f.name, text, at))
		default:
			if kind == otherKind && !isJSON(text) {
				continue
			}
			raw = append(raw, f)
			continue // of use only if it turns out to be an annotation
		}
		found = true
	}
	if s.addRaw(&v, raw) || found {
		v.Dir = s.dir
	}
	return v
}

// fileKind is what a file of the volume holds, as far as its name tells.
type fileKind int

const (
	otherKind fileKind = iota // may be one annotation
	annotationsKind
	labelsKind
	hugepagesKind
	singleKind // one annotation
)

func kindOf(name string) fileKind {
	switch {
	case name == annotationsFile:
		return annotationsKind
	case name == labelsFile:
		return labelsKind
	case strings.HasPrefix(name, hugepagesPrefix):
		return hugepagesKind
	case keyOfFile(name) != "":
		return singleKind
	}
	return otherKind
}
