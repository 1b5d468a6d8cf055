package downward

import (
	"math"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

const hugepagesPrefix = "hugepages_"

// hugepageAmount reads one file of an amount of hugepages.
func hugepageAmount(name, text string, at fact.Origin) fact.Fact {
	amount, ok := parseHugepageName(name)
	if !ok {
		return fact.Problemf(at, fact.Malformed,
			"the name tells no amount; hugepages_<size>_request_<container> and hugepages_<size>_limit_<container> do")
	}
	value, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return fact.Problemf(at, fact.Malformed, "%.100q is not an amount of memory", text)
	}
	amount.Origin, amount.Value = at, value
	return amount
}

// parseHugepageName reads what the name of a file tells. The network resources
// injector writes hugepages_<size>_request_<container>, and did not write the
// container at first; people write hugepages_request, or hugepages_request_<size>.
// A container's name is in lower case, and a size ends with a capital.
func parseHugepageName(name string) (amount fact.HugepageAmount, ok bool) {
	rest, ok := strings.CutPrefix(name, hugepagesPrefix)
	if !ok {
		return amount, false
	}
	word, rest, more := strings.Cut(rest, "_")
	amount.Size, ok = parseSize(word)
	if ok {
		word, rest, more = strings.Cut(rest, "_")
	}
	switch word {
	case "request":
	case "limit":
		amount.Limit = true
	default:
		return fact.HugepageAmount{}, false
	}
	if !more {
		return amount, true
	}
	if amount.Size == 0 {
		word, container, twoWords := strings.Cut(rest, "_")
		if size, isSize := parseSize(word); isSize {
			if amount.Size = size; !twoWords {
				return amount, true
			}
			rest = container
		}
	}
	if rest == "" || rest != strings.ToLower(rest) {
		return fact.HugepageAmount{}, false
	}
	amount.Container = rest
	return amount, true
}

// parseSize reads a page size such as 2M or, in Kubernetes' form, 2Mi.
func parseSize(text string) (fact.PageSize, bool) {
	text = strings.TrimSuffix(text, "i")
	if text == "" || strings.IndexByte("KMG", text[len(text)-1]) < 0 || strings.Trim(text[:len(text)-1], "0123456789") != "" {
		return 0, false
	}
	size, err := fact.ParsePageSize(text)
	return size, err == nil
}

// Bytes gives an amount of hugepages of one size, 0 if that is not known, in
// bytes. The file does not tell its unit. The injector writes MiB. Whoever makes
// a pod by hand and leaves the divisor out gets bytes, which are a multiple of
// the page size and far more than anybody's MiB.
func Bytes(value uint64, size fact.PageSize) uint64 {
	const mib = 1 << 20
	if size == 0 {
		size = 64 << 10 // every other size is a multiple of this
	}
	if value >= mib && value%uint64(size) == 0 || value > math.MaxUint64/mib {
		return value
	}
	return value * mib
}
