package downward

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
)

// requestName is how the network resources injector names the file of a
// container's hugepage request. Its first release left the container out.
var requestName = regexp.MustCompile(`^hugepages_([0-9]+[KMG])_request(?:_(.+))?$`)

// hugepageRequests reads the requests of our container. If its name is not known
// they are of use only where all are of one container.
func hugepageRequests(root rootfs.FS, dir, current, container string) []fact.Fact {
	names, err := root.ReadDir(current)
	if err != nil {
		return nil // the volume was updated just now, or has no other files that we may list
	}
	containers := map[string]bool{}
	var requests []string
	for _, name := range names {
		if m := requestName.FindStringSubmatch(name); m != nil {
			containers[m[2]] = true
			requests = append(requests, name)
		}
	}
	var facts []fact.Fact
	for _, name := range requests {
		m := requestName.FindStringSubmatch(name)
		if of := m[2]; of != "" && of != container && (container != "" || len(containers) > 1) {
			continue
		}
		at := fact.Origin{Source: fact.DownwardAPI, Where: path.Join(dir, name)}
		data, err := root.ReadFile(path.Join(current, name), rootfs.MaxSmall)
		if err != nil {
			facts = append(facts, fact.Problemf(at, fact.Unreadable, "%w", err))
			continue
		}
		size, err := fact.ParsePageSize(m[1])
		if err != nil {
			continue
		}
		bytes, ok := parseRequest(string(data), size)
		if !ok {
			facts = append(facts, fact.Problemf(at, fact.Malformed, "%.100q is not an amount of memory", data))
			continue
		}
		facts = append(facts, fact.HugepageRequest{Origin: at, Size: size, Bytes: bytes})
	}
	return facts
}

// parseRequest reads an amount whose unit the file does not tell. The injector
// writes MiB. Whoever makes a pod by hand and leaves the divisor out gets bytes,
// which are a multiple of the page size and far more than anybody's MiB.
func parseRequest(text string, size fact.PageSize) (bytes uint64, ok bool) {
	const mib = 1 << 20
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 44)
	if err != nil {
		return 0, false
	}
	if n >= mib && n%uint64(size) == 0 {
		return n, true
	}
	return n * mib, true
}
