// Package userspace reads the annotations of the Userspace CNI plugin, which
// tell a container where its vhost-user and memif sockets are. The wire types
// are our own: the plugin's module cannot be built against as it is published.
package userspace

import (
	"encoding/json"
	"errors"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotations' keys. People who follow the plugin's own examples misspell
// the second, and the plugin then uses its default directory.
const (
	Key              = "userspace/configuration-data"
	MappedDirKey     = "userspace/mapped-dir"
	misspelledDirKey = "userspace/mappedDir"
)

// configuration is one entry of configuration-data; it is written from the
// container's side.
type configuration struct {
	ContainerID string   `json:"containerId"`
	IfName      string   `json:"ifName"`
	Name        string   `json:"name"`
	Config      config   `json:"config"`
	IPResult    ipResult `json:"ipResult"`
}

type config struct {
	Engine  string `json:"engine"`
	IfType  string `json:"iftype"`
	NetType string `json:"netType"`
	Memif   memif  `json:"memif"`
	Vhost   vhost  `json:"vhost"`
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

// Parse gives the facts in a pod's annotations: one fact.Userspace for each
// entry of the configuration data that can be read.
func Parse(annotations map[string]string) []fact.Fact {
	value := annotations[Key]
	if strings.TrimSpace(value) == "" {
		return nil
	}
	at := fact.Origin{Source: fact.Annotation, Where: Key}
	p := parser{}
	p.mappedDir(annotations)

	var entries []json.RawMessage
	if err := json.Unmarshal([]byte(value), &entries); err != nil {
		p.lost(at, err)
		return p.facts
	}
	for i, raw := range entries {
		here := at.At("[" + strconv.Itoa(i) + "]")
		var c configuration
		if err := json.Unmarshal(raw, &c); err != nil {
			p.lost(here, err)
			continue
		}
		if c.IfName == "" && c.Name == "" {
			p.lost(here, errors.New("neither ifName nor name in it"))
			continue
		}
		u := fact.Userspace{Origin: here, Index: i, Name: c.Name, Interface: c.IfName}
		u.Device = p.device(c.Config, here.At(".config"))
		u.IPs, u.Gateways = p.addrs(c.IPResult, here.At(".ipResult.ips"))
		p.facts = append(p.facts, u)
	}
	return p.facts
}

type parser struct {
	facts []fact.Fact
	dir   string // where sockets are in the container; empty: not said
	dirAt fact.Origin
}

func (p *parser) problem(at fact.Origin, code fact.Code, format string, args ...any) {
	p.facts = append(p.facts, fact.Problemf(at, code, format, args...))
}

// lost reports entries that cannot be read.
func (p *parser) lost(at fact.Origin, err error) {
	p.problem(at, fact.Malformed, "%w", err)
	p.facts = append(p.facts, fact.LostNetworks{Origin: at})
}

// mappedDir reads the directory that relative socket files are in.
func (p *parser) mappedDir(annotations map[string]string) {
	dir, ok := annotations[MappedDirKey]
	at := fact.Origin{Source: fact.Annotation, Where: MappedDirKey}
	if !ok {
		if dir, ok = annotations[misspelledDirKey]; !ok {
			return
		}
		at.Where = misspelledDirKey
		p.problem(at, fact.Misspelled, "the plugin does not know this key: it is %s", MappedDirKey)
	}
	if !path.IsAbs(dir) {
		p.problem(at, fact.Malformed, "%.200q is not an absolute path", dir)
		return
	}
	p.dir, p.dirAt = dir, at
}

// device tells the socket of an entry. The members for other kinds of
// interface are there too, empty.
func (p *parser) device(c config, at fact.Origin) fact.Device {
	kind := c.IfType
	if kind == "" {
		switch {
		case c.Vhost.Socketfile != "" && c.Memif.Socketfile == "":
			kind = "vhostuser"
		case c.Memif.Socketfile != "" && c.Vhost.Socketfile == "":
			kind = "memif"
		}
	}
	switch kind {
	case "vhostuser":
		return p.vhostUser(c.Vhost, at.At(".vhost"))
	case "memif":
		return p.memif(c.Memif, at.At(".memif"))
	case "":
		p.problem(at, fact.Malformed, "no iftype, nor a socket file that tells it")
	default:
		p.problem(at.At(".iftype"), fact.Malformed, "%.100q is neither vhostuser nor memif", kind)
	}
	return nil
}

func (p *parser) vhostUser(v vhost, at fact.Origin) fact.Device {
	dev := fact.VhostUser{PathAt: at.At(".socketfile"), ModeAt: at.At(".mode")}
	dev.Path, dev.DirAt = p.socket(v.Socketfile, dev.PathAt)
	switch v.Mode {
	case fact.Client, fact.Server:
		dev.Mode = v.Mode
	default:
		p.problem(dev.ModeAt, fact.Malformed, "%.100q is neither client nor server", v.Mode)
	}
	return dev
}

func (p *parser) memif(m memif, at fact.Origin) fact.Device {
	dev := fact.Memif{PathAt: at.At(".socketfile"), RoleAt: at.At(".role"), ModeAt: at.At(".mode")}
	dev.Path = m.Socketfile
	if !strings.HasPrefix(m.Socketfile, "@") { // not an abstract socket
		dev.Path, dev.DirAt = p.socket(m.Socketfile, dev.PathAt)
	}
	switch m.Role {
	case "master", fact.Server:
		dev.Role = fact.Server
	case "slave", fact.Client:
		dev.Role = fact.Client
	default:
		p.problem(dev.RoleAt, fact.Malformed, "%.100q is neither master nor slave", m.Role)
	}
	switch m.Mode {
	case "", "ethernet", "ip", "inject-punt":
		dev.Mode = m.Mode
	default:
		p.problem(dev.ModeAt, fact.Malformed, "%.100q is none of ethernet, ip and inject-punt", m.Mode)
	}
	return dev
}

// socket gives a socket file's path in the container, and the origin of the
// directory that it is relative to. It does not clean the path: a ".." in it has
// to be seen by those who judge it.
func (p *parser) socket(file string, at fact.Origin) (string, fact.Origin) {
	switch {
	case file == "":
		p.problem(at, fact.Malformed, "no socket file")
	case path.IsAbs(file):
	case p.dir == "":
		p.problem(at, fact.RelativePath, "%.200q is relative, and annotation %s does not say to what", file, MappedDirKey)
	default:
		return strings.TrimRight(p.dir, "/") + "/" + file, p.dirAt
	}
	return file, fact.Origin{}
}

func (p *parser) addrs(r ipResult, at fact.Origin) (ips, gateways []netip.Addr) {
	for i, ip := range r.IPs {
		here := at.At("[" + strconv.Itoa(i) + "]")
		if addr, ok := parseAddr(ip.Address); ok {
			ips = append(ips, addr)
		} else {
			p.problem(here.At(".address"), fact.Malformed, "%.100q is not an IP address", ip.Address)
		}
		if ip.Gateway == "" {
			continue
		}
		if addr, ok := parseAddr(ip.Gateway); ok {
			gateways = append(gateways, addr)
		} else {
			p.problem(here.At(".gateway"), fact.Malformed, "%.100q is not an IP address", ip.Gateway)
		}
	}
	return ips, gateways
}

// parseAddr reads an address with or without a prefix length.
func parseAddr(text string) (netip.Addr, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Addr(), true
	}
	addr, err := netip.ParseAddr(text)
	return addr, err == nil
}
