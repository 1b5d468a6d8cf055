package cgroup

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// hugepageLimits reads the container's limit for each page size, in the group or
// else in the nearest group above that the controller is enabled for.
func (r *reader) hugepageLimits() {
	g, ok := r.cgroups.Group("hugetlb")
	if !ok {
		return
	}
	limitFile, usageFile := ".limit_in_bytes", ".usage_in_bytes"
	if g.V2 {
		limitFile, usageFile = ".max", ".current"
	}
	for _, dir := range g.Levels() {
		names, err := r.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.add(fact.Problemf(fact.Origin{Source: fact.Cgroup, Where: dir}, fact.Unreadable, "%w", fact.WithoutPath(err)))
		}
		found := false
		for _, name := range names {
			text, ok := strings.CutPrefix(name, "hugetlb.")
			if !ok {
				continue
			}
			text, ok = strings.CutSuffix(text, limitFile)
			if !ok || strings.HasSuffix(text, ".rsvd") {
				continue
			}
			if size, err := fact.ParsePageSize(text); err == nil {
				found = true
				r.hugepageLimit(path.Join(dir, "hugetlb."+text), size, limitFile, usageFile, names)
			}
		}
		if found {
			return
		}
	}
}

// hugepageLimit reads the two limits on one page size: one on mapped pages,
// which kills with SIGBUS, and one on reserved pages (rsvd), which fails an
// allocation. The lower one counts, with its usage.
func (r *reader) hugepageLimit(base string, size fact.PageSize, limitFile, usageFile string, names []string) {
	limit := fact.HugepageLimit{Size: size}
	limit.Origin = fact.Origin{Source: fact.Cgroup, Where: base + limitFile}
	limit.Bytes = r.limit(limit.Where)
	listed := func(file string) bool {
		_, found := slices.BinarySearch(names, path.Base(file))
		return found
	}
	if file := base + usageFile; listed(file) {
		limit.Used, limit.UsedAt = r.usage(file)
	}
	reserved := base + ".rsvd"
	if !listed(reserved + limitFile) {
		r.add(limit)
		return
	}
	bytes := r.limit(reserved + limitFile)
	used, usedAt := uint64(0), fact.Origin{}
	if file := reserved + usageFile; listed(file) {
		used, usedAt = r.usage(file)
	}
	switch {
	case limit.Bytes == nil && bytes == nil, limit.Bytes != nil && bytes != nil && *bytes == *limit.Bytes:
		if used > limit.Used {
			limit.Used, limit.UsedAt = used, usedAt
		}
	case limit.Bytes == nil, bytes != nil && *bytes < *limit.Bytes:
		limit.Bytes, limit.Used, limit.UsedAt, limit.Where = bytes, used, usedAt, reserved+limitFile
	}
	r.add(limit)
}

// unlimited is below what version 1 shows for no limit: the most that fits a
// signed number, rounded down to whole pages of the size.
const unlimited = 1 << 62

// limit reads a number of bytes; nil means that there is no limit.
func (r *reader) limit(file string) *uint64 {
	text := r.text(file)
	if text == "" || text == "max" {
		return nil
	}
	bytes, ok := r.number(file, text)
	if !ok || bytes >= unlimited {
		return nil
	}
	return &bytes
}

// usage reads a number of bytes, and gives the file as the place of it; both are
// zero if the file does not say.
func (r *reader) usage(file string) (uint64, fact.Origin) {
	text := r.text(file)
	if text == "" {
		return 0, fact.Origin{}
	}
	bytes, ok := r.number(file, text)
	if !ok {
		return 0, fact.Origin{}
	}
	return bytes, fact.Origin{Source: fact.Cgroup, Where: file}
}

func (r *reader) number(file, text string) (uint64, bool) {
	bytes, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.add(fact.Problemf(fact.Origin{Source: fact.Cgroup, Where: file}, fact.Malformed,
			"%.100q is not a number of bytes", text))
		return 0, false
	}
	return bytes, true
}

// hugepageMounts finds the hugetlbfs file systems of the container.
func (r *reader) hugepageMounts() {
	standard := ""
	for i, m := range r.cgroups.Mounts {
		at := fact.Origin{Source: fact.Proc, Where: kernel.ProcMountinfo + ":" + strconv.Itoa(m.Line)}
		if m.Type != "hugetlbfs" {
			if strings.HasPrefix(path.Base(m.Point), "huge") && !strings.HasPrefix(m.Type, "cgroup") {
				r.add(fact.Problemf(at, fact.NoHugetlbfs, "%.100q is of the file system %.40s, not hugetlbfs, and has no hugepages: "+
					"in a virtual machine, give the guest hugepages of its own; elsewhere, a volume of medium HugePages", m.Point, m.Type))
			}
			continue
		}
		text := ""
		for _, option := range m.Options {
			if value, ok := strings.CutPrefix(option, "pagesize="); ok {
				text = value
			}
		}
		if text == "" {
			if standard == "" {
				value, _ := kernel.Field(r.proc(procMeminfo, rootfs.MaxSmall), "Hugepagesize")
				if standard = strings.ReplaceAll(value, " ", ""); standard == "" {
					standard = "unknown"
				}
			}
			text = standard
		}
		size, err := fact.ParsePageSize(text)
		if err != nil {
			r.add(fact.Problemf(at, fact.Malformed, "hugetlbfs on %.100q: %w", m.Point, err))
			continue
		}
		r.add(fact.HugepageMount{Origin: at, Index: i, Size: size, Path: m.Point})
	}
}
