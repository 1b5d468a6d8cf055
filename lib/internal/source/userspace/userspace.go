// Package userspace reads the Userspace CNI plugin's data about a container's vhost-user
// and memif sockets: annotations, or files where the plugin has no access to the API
// server. It has wire types of its own, because programs cannot build against the
// plugin's published module.
package userspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotations' keys. People who follow the plugin's own examples misspell
// the second, and the plugin then uses its default directory.
const (
	Key              = "userspace/configuration-data"
	MappedDirKey     = "userspace/mapped-dir"
	misspelledDirKey = "userspace/mappedDir"
)

// configuration is what we use of an entry of configuration-data; it is written
// from the container's side.
type configuration struct {
	IfName   string   `json:"ifName"`
	Name     string   `json:"name"`
	Config   config   `json:"config"`
	IPResult ipResult `json:"ipResult"`
}

type config struct {
	IfType string `json:"iftype"`
	Memif  memif  `json:"memif"`
	Vhost  vhost  `json:"vhost"`
}

type memif struct {
	Role       string `json:"role"`
	Mode       string `json:"mode"`
	Socketfile string `json:"socketfile"`
}

type vhost struct {
	Mode       string `json:"mode"`
	Socketfile string `json:"socketfile"`
}

// ipResult is a CNI result of any version: those before 1.0 have a version
// beside each address.
type ipResult struct {
	IPs []struct {
		Address string `json:"address"`
		Gateway string `json:"gateway"`
	} `json:"ips"`
}

// Read gives the facts in a pod's annotations and in the plugin's directory: one
// fact.Userspace for each entry of the configuration data that can be read.
func Read(root rootfs.FS, annotations map[string]fact.Text) []fact.Fact {
	p := parser{}
	dir := p.mappedDir(annotations)
	p.annotation(annotations[Key], dir)
	switch {
	case dir.path != "":
		p.files(root, dir.path)
	case !dir.said:
		p.files(root, defaultDir)
	}
	return p.facts
}

// Parse is Read for the annotations alone.
func Parse(annotations map[string]fact.Text) []fact.Fact {
	p := parser{}
	p.annotation(annotations[Key], p.mappedDir(annotations))
	return p.facts
}

// parser collects facts.
type parser struct{ facts []fact.Fact }

func (p *parser) problem(at fact.Origin, code fact.Code, format string, args ...any) {
	p.facts = append(p.facts, fact.Problemf(at, code, format, args...))
}

// lost reports entries that cannot be read.
func (p *parser) lost(at fact.Origin, code fact.Code, err error) {
	p.problem(at, code, "%w", err)
	p.facts = append(p.facts, fact.LostNetworks{Origin: at})
}

// directory is where sockets are in the container.
type directory struct {
	path string // empty: not known
	at   fact.Origin
	said bool // even if in a way that cannot be used
}

// mappedDir reads the directory that relative socket files are in.
func (p *parser) mappedDir(annotations map[string]fact.Text) directory {
	text, ok := annotations[MappedDirKey]
	if !ok {
		if text, ok = annotations[misspelledDirKey]; !ok {
			return directory{}
		}
		p.problem(text.Origin, fact.Misspelled, "the plugin does not know this key: it is %s", MappedDirKey)
	}
	if text.Lost {
		return directory{said: true}
	}
	if !path.IsAbs(text.Value) {
		p.problem(text.Origin, fact.Malformed, "%.200q is not an absolute path", text.Value)
		return directory{said: true}
	}
	return directory{path: text.Value, at: text.Origin, said: true}
}

// annotation reads configuration-data: a JSON array, or nothing at all. The
// elements before a syntax error are used.
func (p *parser) annotation(text fact.Text, dir directory) {
	if text.Lost {
		p.facts = append(p.facts, fact.LostNetworks{Origin: text.Origin})
		return
	}
	if strings.TrimSpace(text.Value) == "" {
		return
	}
	dec := json.NewDecoder(strings.NewReader(text.Value))
	switch token, err := dec.Token(); {
	case err == nil && token == nil: // null
	case err != nil || token != json.Delim('['):
		p.lost(text.Origin, fact.Malformed, errors.New("not a JSON array"))
		return
	default:
		index := 0
		at := func() fact.Origin { return text.At("[" + strconv.Itoa(index) + "]") }
		for ; dec.More(); index++ {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				p.lost(at(), fact.Malformed, fmt.Errorf("%w; this entry and all after it are lost", err))
				return
			}
			p.entry(raw, index, at(), dir)
		}
		if token, err := dec.Token(); err != nil || token != json.Delim(']') {
			p.lost(at(), fact.Malformed, errors.New("the JSON array is cut off"))
			return
		}
	}
	if strings.TrimSpace(text.Value[dec.InputOffset():]) != "" {
		p.problem(text.Origin, fact.Malformed, "more text after the JSON array, which is not used")
	}
}

// entry makes a fact of one configuration.
func (p *parser) entry(raw []byte, index int, at fact.Origin, dir directory) {
	var c configuration
	u := fact.Userspace{Origin: at, Index: index}
	if err := json.Unmarshal(raw, &c); err != nil {
		typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err)
		if !ok {
			p.lost(at, fact.Malformed, err)
			return
		}
		if typeErr.Field == "" {
			p.lost(at, fact.Malformed, errors.New("not a JSON object"))
			return
		}
		// The decoder went on after it.
		p.problem(u.At("."+typeErr.Field), fact.Malformed, "a JSON %.100s does not belong here", typeErr.Value)
	}
	if c.IfName == "" && c.Name == "" {
		p.lost(at, fact.Malformed, errors.New("neither ifName nor name in it"))
		return
	}
	u.Name, u.Interface = c.Name, c.IfName
	u.Device = p.device(c.Config, u.At(".config"), dir)
	u.IPs, u.Gateways = p.addrs(c.IPResult, u.At(".ipResult"))
	p.facts = append(p.facts, u)
}
