package cgroup

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// hugepageLimits reads the container's limit for each page size. There are two:
// one on what is mapped, which kills with SIGBUS, and one on what is reserved
// (rsvd), which fails an allocation. The lower one counts.
func (r *reader) hugepageLimits() {
	g, ok := r.group("hugetlb")
	if !ok {
		return
	}
	names, err := r.ReadDir(g.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.add(fact.Problemf(fact.Origin{Source: fact.Cgroup, Where: g.dir}, fact.Unreadable, "%w", err))
	}
	suffix := ".limit_in_bytes"
	if g.v2 {
		suffix = ".max"
	}
	for _, name := range names {
		text, ok := strings.CutPrefix(name, "hugetlb.")
		if !ok {
			continue
		}
		text, ok = strings.CutSuffix(text, suffix)
		if !ok || strings.HasSuffix(text, ".rsvd") {
			continue
		}
		size, err := fact.ParsePageSize(text)
		if err != nil {
			continue
		}
		limit := fact.HugepageLimit{Size: size}
		limit.Origin = fact.Origin{Source: fact.Cgroup, Where: path.Join(g.dir, name)}
		limit.Bytes = r.limit(limit.Where)
		reserved := path.Join(g.dir, "hugetlb."+text+".rsvd"+suffix)
		if bytes := r.limit(reserved); bytes != nil && (limit.Bytes == nil || *bytes < *limit.Bytes) {
			limit.Bytes, limit.Where = bytes, reserved
		}
		r.add(limit)
	}
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
	bytes, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.add(fact.Problemf(fact.Origin{Source: fact.Cgroup, Where: file}, fact.Malformed,
			"%.100q is not a number of bytes", text))
		return nil
	}
	if bytes >= unlimited {
		return nil
	}
	return &bytes
}

// hugepageMounts finds the hugetlbfs file systems of the container.
func (r *reader) hugepageMounts() {
	at := fact.Origin{Source: fact.Proc, Where: procMountinfo}
	for i, m := range r.mounts {
		if m.fsType != "hugetlbfs" {
			continue
		}
		text := ""
		for _, option := range m.options {
			if value, ok := strings.CutPrefix(option, "pagesize="); ok {
				text = value
			}
		}
		if text == "" {
			value, _ := field(r.text(procMeminfo), "Hugepagesize")
			text = strings.ReplaceAll(value, " ", "")
		}
		size, err := fact.ParsePageSize(text)
		if err != nil {
			r.add(fact.Problemf(at, fact.Malformed, "hugetlbfs on %q: %w", m.point, err))
			continue
		}
		r.add(fact.HugepageMount{Origin: at, Index: i, Size: size, Path: m.point})
	}
}
