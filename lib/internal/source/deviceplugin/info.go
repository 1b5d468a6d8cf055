package deviceplugin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// parseInfo reads the JSON of an _INFO variable. Providers are not checked
// against a list: what we do not know we do not use.
func parseInfo(value, resource string, at fact.Origin) []fact.Fact {
	var devices map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &devices); err != nil {
		return []fact.Fact{fact.Problemf(at, fact.Malformed, "%w", err)}
	}
	var facts []fact.Fact
	for _, id := range slices.Sorted(maps.Keys(devices)) {
		here := at.At("[" + id + "]")
		var providers map[string]json.RawMessage
		if err := json.Unmarshal(devices[id], &providers); err != nil {
			facts = append(facts, fact.Problemf(here, fact.Malformed, "not a JSON object"))
		}
		info := &fact.Info{}
		for _, name := range slices.Sorted(maps.Keys(providers)) {
			var values map[string]string
			if err := json.Unmarshal(providers[name], &values); err != nil {
				facts = append(facts, fact.Problemf(here.At("."+name), fact.Malformed, "not a JSON object of strings"))
				continue
			}
			addProvider(info, name, values)
		}
		trimmed := strings.TrimSpace(id)
		a := allocation(trimmed, resource, here)
		a.Info = info
		facts = append(facts, a)
	}
	return facts
}

// addProvider takes what one of the plugin's info providers says. Its README
// names some keys otherwise than its code does.
func addProvider(info *fact.Info, provider string, values map[string]string) {
	var nodes []string
	switch provider {
	case "vfio":
		nodes = []string{values["dev-mount"], values["vfio-dev-mount"]}
	case "uio", "vdpa":
		nodes = []string{values["mount"]}
	case "rdma":
		nodes = []string{values["uverbs"]}
		info.RDMA = values["rdma_dev"]
	case "extra", "extraInfo":
		info.VFIOToken = values["VFIO_TOKEN"]
	}
	for _, node := range nodes {
		if strings.HasPrefix(node, "/dev/") {
			info.CharDevices = append(info.CharDevices, node)
		}
	}
}
