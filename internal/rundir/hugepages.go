package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// removeHugepages removes the files of hugepages that a primary process of the
// prefix made for others to attach to (--multi-process): EAL leaves them, and
// with them the pages, when it ends.
func removeHugepages(prefix string) error {
	files := regexp.MustCompile("^" + regexp.QuoteMeta(prefix) + "map_[0-9]+$") // get_hugefile_path (eal_memalloc.c)
	var errs []error
	for _, m := range kernel.ReadCgroups(rootfs.FS{}).Mounts {
		if m.Type != "hugetlbfs" {
			continue
		}
		entries, err := os.ReadDir(m.Point)
		if err != nil {
			continue // EAL could not have written there
		}
		for _, e := range entries {
			if files.MatchString(e.Name()) {
				errs = append(errs, os.Remove(filepath.Join(m.Point, e.Name())))
			}
		}
	}
	return errors.Join(errs...)
}
