package deviceplugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// providers is what we use of the plugin's info providers. Its README names some
// keys otherwise than its code does. podnet ignores unknown keys.
type providers struct {
	VFIO struct {
		DevMount       string `json:"dev-mount"`
		ReadmeDevMount string `json:"vfio-dev-mount"`
	} `json:"vfio"`
	UIO  mount `json:"uio"`
	VDPA mount `json:"vdpa"`
	RDMA struct {
		Uverbs string `json:"uverbs"`
		Device string `json:"rdma_dev"`
	} `json:"rdma"`
	Extra       extra `json:"extra"`
	ReadmeExtra extra `json:"extraInfo"`
}

type mount struct {
	Mount string `json:"mount"`
}

type extra struct {
	VFIOToken string `json:"VFIO_TOKEN"`
}

// info reads the JSON of an _INFO variable.
func (p *parser) info(value, resource string, at fact.Origin) {
	var devices map[string]*providers
	err := json.Unmarshal([]byte(value), &devices)
	if err != nil {
		if devices, err = p.infoPiecemeal(value, at); err != nil {
			p.problem(at, fact.Malformed, "%w", err)
			return
		}
	}
	for _, id := range slices.Sorted(maps.Keys(devices)) {
		a := allocation(strings.TrimSpace(id), resource)
		a.Origin = placeOf(id, at)
		if devices[id] == nil { // null
			devices[id] = &providers{}
		}
		a.Info = p.use(devices[id], a.Origin)
		switch a.ID {
		case "":
			p.problem(a.Origin, fact.Malformed, "no device's name")
		case "*":
			if p.common == nil {
				p.common = map[string]common{}
			}
			p.common[resource] = common{a.Info, a.Origin}
		default:
			p.facts = append(p.facts, a)
		}
	}
}

// infoPiecemeal reads what is of the right type, and reports what is not.
func (p *parser) infoPiecemeal(value string, at fact.Origin) (map[string]*providers, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &raw); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			err = errors.New("not a JSON object")
		}
		return nil, err
	}
	devices := map[string]*providers{}
	for _, id := range slices.Sorted(maps.Keys(raw)) {
		here := placeOf(id, at)
		all := &providers{}
		devices[id] = all
		var said map[string]json.RawMessage
		if err := json.Unmarshal(raw[id], &said); err != nil {
			p.problem(here, fact.Malformed, "not a JSON object")
			continue
		}
		for _, provider := range []struct {
			name   string
			target any
		}{
			{"vfio", &all.VFIO},
			{"uio", &all.UIO},
			{"vdpa", &all.VDPA},
			{"rdma", &all.RDMA},
			{"extra", &all.Extra},
			{"extraInfo", &all.ReadmeExtra},
		} {
			if text, ok := said[provider.name]; ok {
				p.provider(text, here.At("."+provider.name), provider.target)
			}
		}
	}
	return devices, nil
}

// provider decodes an object of strings. After one of another type the decoder
// goes on with the others.
func (p *parser) provider(text json.RawMessage, at fact.Origin, target any) {
	err := json.Unmarshal(text, target)
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if typeErr.Field != "" {
			at = at.At("." + typeErr.Field)
		}
		p.problem(at, fact.Malformed, "a JSON %.100s does not belong here", typeErr.Value)
	}
}

// use makes an Info of the providers' members.
func (p *parser) use(all *providers, at fact.Origin) *fact.Info {
	info := &fact.Info{}
	if info.RDMA = all.RDMA.Device; info.RDMA != "" {
		info.RDMAAt = at.At(".rdma.rdma_dev")
	}
	if info.VFIOToken = all.Extra.VFIOToken; info.VFIOToken != "" {
		info.VFIOTokenAt = at.At(".extra.VFIO_TOKEN")
	} else if info.VFIOToken = all.ReadmeExtra.VFIOToken; info.VFIOToken != "" {
		info.VFIOTokenAt = at.At(".extraInfo.VFIO_TOKEN")
	}
	for _, node := range [...]struct{ path, key string }{
		{all.VFIO.DevMount, ".vfio.dev-mount"},
		{all.VFIO.ReadmeDevMount, ".vfio.vfio-dev-mount"},
		{all.UIO.Mount, ".uio.mount"},
		{all.VDPA.Mount, ".vdpa.mount"},
		{all.RDMA.Uverbs, ".rdma.uverbs"},
	} {
		switch {
		case node.path == "" || slices.Contains(info.CharDevices, node.path):
		case strings.HasPrefix(node.path, "/dev/") && path.Clean(node.path) == node.path:
			if info.CharDevices == nil {
				info.CharDevicesAt = at.At(node.key)
			}
			info.CharDevices = append(info.CharDevices, node.path)
		default:
			p.problem(at.At(node.key), fact.Malformed, "%.100q is not the path of a device node below /dev", node.path)
		}
	}
	return info
}

// placeOf is the place of a device in an _INFO variable.
func placeOf(id string, at fact.Origin) fact.Origin {
	if a := allocation(id, ""); a.Address.IsZero() && a.Auxiliary == "" && id != "*" {
		id = fmt.Sprintf("%.100q", id)
	}
	return fact.Origin{Source: at.Source, Where: at.Where + "[" + id + "]"}
}

// common is what an _INFO variable says of all devices of its resource, under
// the name "*" as in the plugin's own configuration.
type common struct {
	info *fact.Info
	at   fact.Origin
}

// addCommon adds to each device what is said of all of its resource's, unless it
// is said of the device itself.
func (p *parser) addCommon() {
	if len(p.common) == 0 {
		return
	}
	type device struct{ resource, id string }
	about := func(a fact.Allocation) device {
		if !a.Address.IsZero() {
			return device{a.Resource, a.Address.String()}
		}
		return device{a.Resource, a.ID}
	}
	own := map[device]*fact.Info{}
	var devices []fact.Allocation
	for _, f := range p.facts {
		a, ok := f.(fact.Allocation)
		if !ok || p.common[a.Resource].info == nil {
			continue
		}
		d := about(a)
		info, known := own[d]
		if !known {
			devices = append(devices, a)
		}
		if info == nil {
			own[d] = a.Info
		}
	}
	for _, a := range devices {
		c := p.common[a.Resource]
		info := *c.info
		if said := own[about(a)]; said != nil {
			if len(said.CharDevices) > 0 {
				info.CharDevices, info.CharDevicesAt = nil, fact.Origin{}
			}
			if said.RDMA != "" {
				info.RDMA, info.RDMAAt = "", fact.Origin{}
			}
			if said.VFIOToken != "" {
				info.VFIOToken, info.VFIOTokenAt = "", fact.Origin{}
			}
		}
		if len(info.CharDevices) > 0 || info.RDMA != "" || info.VFIOToken != "" {
			a.Origin, a.Info, a.Common = c.at, &info, true
			p.facts = append(p.facts, a)
		}
	}
}
