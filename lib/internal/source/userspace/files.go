package userspace

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// defaultDir is the directory that the plugin takes if the pod names none.
const defaultDir = "/var/lib/cni/usrspcni"

// Names of the plugin's files are configData-<container>-<interface>.json.
const (
	filePrefix = "configData-"
	fileSuffix = ".json"
)

// Limits on reading the directory, into which others may write. A file
// has one entry.
const (
	maxFiles    = 256
	maxFileSize = rootfs.MaxSmall
)

// files reads the plugin's files. Not every container has the directory.
func (p *parser) files(root rootfs.FS, dir string) {
	at := fact.Origin{Source: fact.File, Where: dir}
	names, err := root.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		p.problem(at, fact.Unreadable, "%w", fact.WithoutPath(err))
		return
	}
	read := 0
	for _, name := range names {
		if !isConfiguration(name) {
			continue
		}
		if read++; read > maxFiles {
			p.lost(at, fact.Unreadable, errors.New("more than "+strconv.Itoa(maxFiles)+" configuration files: the rest is not read"))
			return
		}
		p.file(root, dir, name)
	}
}

// isConfiguration reports whether the plugin writes files of such a name, which
// has no characters that would have to be quoted.
func isConfiguration(name string) bool {
	return len(name) > len(filePrefix)+len(fileSuffix) &&
		strings.HasPrefix(name, filePrefix) && strings.HasSuffix(name, fileSuffix) &&
		strconv.Quote(name) == `"`+name+`"`
}

func (p *parser) file(root rootfs.FS, dir, name string) {
	at := fact.Origin{Source: fact.File, Where: strings.TrimRight(dir, "/") + "/" + name}
	data, err := root.ReadFile(at.Where, maxFileSize)
	switch {
	case errors.Is(err, fs.ErrNotExist): // gone since
	case err != nil:
		p.lost(at, fact.Unreadable, fact.WithoutPath(err))
	default:
		p.entry(data, -1, at, directory{path: dir, at: fact.Origin{Source: fact.File, Where: dir}, said: true})
	}
}
