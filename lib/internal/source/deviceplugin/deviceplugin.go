// Package deviceplugin reads the environment variables by which the SR-IOV
// network device plugin, and others that follow it, tell a container which
// devices it was given:
//
//	PCIDEVICE_<resource>=<device>,<device>
//	PCIDEVICE_<resource>_INFO={"<device>":{"<provider>":{"<key>":"<value>"}}}
package deviceplugin

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

const (
	prefix     = "PCIDEVICE_"
	infoSuffix = "_INFO"
)

// auxiliaryName is the form of a name on the auxiliary bus, as mlx5_core.sf.4.
var auxiliaryName = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[0-9]+$`)

// Parse gives the facts in an environment of NAME=value strings: one
// fact.Allocation for each device that a variable names.
func Parse(environ []string) []fact.Fact {
	var facts []fact.Fact
	variables := map[string]string{}
	for _, variable := range environ {
		name, value, ok := strings.Cut(variable, "=")
		if !ok || !strings.HasPrefix(name, prefix) || len(name) == len(prefix) {
			continue
		}
		// As for getenv, the first of two variables of one name counts.
		if first, twice := variables[name]; !twice {
			variables[name] = value
		} else if first != value {
			facts = append(facts, fact.Problemf(fact.Origin{Source: fact.Env, Where: name}, fact.Conflict,
				"set twice to different values, the first is used"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value := strings.TrimSpace(variables[name])
		at := fact.Origin{Source: fact.Env, Where: name}
		resource := strings.TrimPrefix(name, prefix)
		switch object := strings.HasPrefix(value, "{"); {
		case object && strings.HasSuffix(resource, infoSuffix) && resource != infoSuffix:
			facts = append(facts, parseInfo(value, strings.TrimSuffix(resource, infoSuffix), at)...)
		case object:
			facts = append(facts, fact.Problemf(at, fact.Malformed, "a JSON object, not a list of devices"))
		default:
			// A resource's own name may end with _INFO: its value is a list.
			facts = append(facts, parseList(value, resource, at)...)
		}
	}
	return facts
}

// parseList reads a comma-separated list of devices; an empty one names none.
func parseList(value, resource string, at fact.Origin) []fact.Fact {
	var facts []fact.Fact
	index := 0
	for id := range strings.SplitSeq(value, ",") {
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		facts = append(facts, allocation(id, resource, at.At("["+strconv.Itoa(index)+"]")))
		index++
	}
	return facts
}

// allocation tells a PCI address from the name of an auxiliary device. Text that
// is neither is kept as it is.
func allocation(id, resource string, at fact.Origin) fact.Allocation {
	a := fact.Allocation{Origin: at, Resource: resource, ID: id}
	if address, err := pciaddr.Parse(id); err == nil {
		a.Address = address
	} else if auxiliaryName.MatchString(id) {
		a.Auxiliary = id
	}
	return a
}
