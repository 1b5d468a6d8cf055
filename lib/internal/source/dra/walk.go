package dra

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// Dirs are the directories that kubelet mounts the metadata below. Drivers' library uses
// the first, the proposal's text the second.
var Dirs = []string{
	"/var/run/kubernetes.io/dra-device-attributes",
	"/var/run/dra-device-attributes",
}

// The directories in which the library keeps claims apart by their kind. In the
// proposal's text there is no such level.
var kinds = map[string]bool{"resourceclaims": true, "resourceclaimtemplates": true}

const fileSuffix = "-metadata.json"

// Limits on the search, far above the number of devices that a pod can claim.
const (
	maxDirs  = 256
	maxFiles = 256
)

// walker finds the metadata files: [kind/]claim/request/driver-metadata.json.
type walker struct {
	root        rootfs.FS
	dirs, files int
	full        bool
	facts       []fact.Fact
	seen        map[identity]bool
}

func metadata(root rootfs.FS) []fact.Fact {
	w := walker{root: root}
	for _, base := range Dirs {
		names := w.list(base)
		for _, name := range names {
			if !kinds[name] {
				w.claim(path.Join(base, name), name)
				continue
			}
			dir := path.Join(base, name)
			for _, claim := range w.list(dir) {
				w.claim(path.Join(dir, claim), claim)
			}
		}
	}
	return w.facts
}

func (w *walker) claim(dir, claim string) {
	for _, request := range w.list(dir) {
		requestDir := path.Join(dir, request)
		for _, name := range w.list(requestDir) {
			if !strings.HasSuffix(name, fileSuffix) {
				continue
			}
			file := path.Join(requestDir, name)
			if w.files++; w.files > maxFiles {
				w.stop(file, "more than %d metadata files: this one and all after it are not read", maxFiles)
				return
			}
			w.file(file, claim)
		}
	}
}

// list gives the names in a directory; what is no directory has none.
func (w *walker) list(dir string) []string {
	if w.full {
		return nil
	}
	at := fact.Origin{Source: fact.File, Where: dir}
	names, err := w.root.ReadDir(dir)
	switch {
	case err == nil:
		// A directory that is not there, and a file, do not count.
		if w.dirs++; w.dirs > maxDirs {
			w.stop(dir, "more than %d directories: this one and all after it are not read", maxDirs)
			return nil
		}
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
		w.facts = append(w.facts, fact.Problemf(at, fact.Unreadable, "%w", fact.WithoutPath(err)))
	}
	kept := names[:0]
	for _, name := range names {
		if !strings.HasPrefix(name, "..") {
			kept = append(kept, name)
		}
	}
	return kept
}

func (w *walker) stop(where, format string, limit int) {
	if !w.full {
		w.full = true
		w.lost(fact.Origin{Source: fact.File, Where: where}, fact.Unreadable, fmt.Errorf(format, limit))
	}
}
