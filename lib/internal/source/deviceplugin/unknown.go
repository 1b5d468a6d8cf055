package deviceplugin

import (
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// maxUnknown limits the devices that are looked at of one variable.
const maxUnknown = 256

// around is what may stand around and between addresses, in a list of JSON too.
const around = ",; []\"'"

// foreign are the beginnings of variables that other sources read.
var foreign = []string{prefix, oldName, dpuName, "SRIOVNETWORK_"}

// Unknown gives a fact.UnknownVariable for each variable that lists PCI addresses
// as a device plugin's does, under a name that no source knows.
func Unknown(environ []string) []fact.Fact {
	var facts []fact.Fact
	seen := map[string]bool{}
	for _, text := range environ {
		name, value, ok := strings.Cut(text, "=")
		if !ok || len(value) < len("0000:00:00.0") || value[4] != ':' && !strings.ContainsRune(around, rune(value[0])) || isForeign(name) || seen[name] {
			continue
		}
		seen[name] = true
		at := fact.Origin{Source: fact.Env, Where: name}
		if devices := addresses(value, at); len(devices) > 0 {
			facts = append(facts, fact.UnknownVariable{Origin: at, Devices: devices})
		}
	}
	return facts
}

func isForeign(name string) bool {
	for _, beginning := range foreign {
		if strings.HasPrefix(name, beginning) {
			return true
		}
	}
	return false
}

// addresses reads a list of PCI addresses; an element that is not an
// address makes it another kind of text.
func addresses(value string, at fact.Origin) []fact.Allocation {
	var devices []fact.Allocation
	for _, text := range strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(around, c) }) {
		a := allocation(text, "")
		if a.Address.IsZero() || strings.Count(text, ":") != 2 {
			return nil
		}
		if a.Origin = at; len(devices) < maxUnknown {
			devices = append(devices, a)
		}
	}
	return devices
}
