// Package deviceplugin reads the environment variables by which the SR-IOV
// network device plugin, and others that follow it, tell a container which
// devices it was given:
//
//	PCIDEVICE_<resource>=<device>,<device>
//	PCIDEVICE_<resource>_INFO={"<device>":{"<provider>":{"<key>":"<value>"}}}
//
// It also finds the variables of others that have the same form.
package deviceplugin

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

const (
	prefix     = "PCIDEVICE_"
	infoSuffix = "_INFO"
	// oldName is the one variable that the plugin's first releases set, for
	// devices of any resource. Its name stands for the resource's.
	oldName = "SRIOV-VF-PCI-ADDR"
	// dpuName is the variable of the DPU operator's plugin, whose one resource is
	// dpuResource.
	dpuName     = "NF-DEV"
	dpuResource = "OPENSHIFT_IO_DPU"
)

// variable is one variable of the environment.
type variable struct{ name, value string }

// Parse gives the facts in an environment of NAME=value strings: one
// fact.Allocation for each device that a variable names.
func Parse(environ []string) []fact.Fact {
	p := parser{}
	variables := p.variables(environ)
	for _, v := range variables {
		value := strings.TrimSpace(v.value)
		at := fact.Origin{Source: fact.Env, Where: v.name}
		resource := strings.TrimPrefix(v.name, prefix)
		if v.name == dpuName {
			resource = dpuResource
		}
		isInfo := strings.HasSuffix(resource, infoSuffix) && resource != infoSuffix
		switch {
		case value == "" || isInfo && value == "null":
		case isInfo && isJSON(value):
			p.info(value, strings.TrimSuffix(resource, infoSuffix), at)
		case isJSON(value):
			p.problem(at, fact.Malformed, "JSON, not a list of devices")
		default:
			// A resource's own name may end with _INFO: its value is a list.
			p.list(value, resource, at)
		}
	}
	p.addCommon()
	return p.facts
}

// isJSON reports whether a value begins as no device's name does.
func isJSON(value string) bool { return strings.IndexByte(`{["`, value[0]) >= 0 }

type parser struct {
	facts  []fact.Fact
	common map[string]common // by resource
}

func (p *parser) problem(at fact.Origin, code fact.Code, format string, args ...any) {
	p.facts = append(p.facts, fact.Problemf(at, code, format, args...))
}

// variables picks the device plugins' variables, and puts them into the order of
// their names.
func (p *parser) variables(environ []string) []variable {
	var variables []variable
	for _, text := range environ {
		if !strings.HasPrefix(text, prefix) && !strings.HasPrefix(text, oldName) && !strings.HasPrefix(text, dpuName) {
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		if ok && name != prefix && (name == oldName || name == dpuName || strings.HasPrefix(name, prefix)) {
			variables = append(variables, variable{name, value})
		}
	}
	slices.SortStableFunc(variables, func(a, b variable) int { return cmp.Compare(a.name, b.name) })
	// As for getenv, the first of two variables of one name counts.
	return slices.CompactFunc(variables, func(first, v variable) bool {
		if first.name == v.name && first.value != v.value {
			p.problem(fact.Origin{Source: fact.Env, Where: v.name}, fact.Conflict,
				"set twice to different values, the first is used")
		}
		return first.name == v.name
	})
}

// list reads a comma-separated list of devices; an empty one names none.
func (p *parser) list(value, resource string, at fact.Origin) {
	p.facts = slices.Grow(p.facts, strings.Count(value, ",")+1)
	index := 0
	for id := range strings.SplitSeq(value, ",") {
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		a := allocation(id, resource)
		a.Origin = fact.Origin{Source: at.Source, Where: at.Where + "[" + strconv.Itoa(index) + "]"}
		a.Index = index
		p.facts = append(p.facts, a)
		index++
	}
}

// allocation tells a PCI address from the name of an auxiliary device. Text that
// is neither is kept as it is.
func allocation(id, resource string) fact.Allocation {
	a := fact.Allocation{Resource: resource, ID: id}
	if strings.Contains(id, ":") {
		if address, err := pciaddr.Parse(id); err == nil {
			a.Address = address
		}
	} else if fact.IsAuxiliary(id) {
		a.Auxiliary = id
	}
	return a
}
