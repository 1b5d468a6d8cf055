package userspace

import (
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// device tells the socket of an entry. The members for other kinds of
// interface are there too, empty.
func (p *parser) device(c config, at fact.Origin, dir directory) fact.Device {
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
		return p.vhostUser(c.Vhost, at.At(".vhost"), dir)
	case "memif":
		return p.memif(c.Memif, at.At(".memif"), dir)
	case "":
		p.problem(at, fact.Malformed, "no iftype, nor a socket file that tells it")
	default:
		p.problem(at.At(".iftype"), fact.Malformed, "%.100q is neither vhostuser nor memif", kind)
	}
	return nil
}

func (p *parser) vhostUser(v vhost, at fact.Origin, dir directory) fact.Device {
	dev := fact.VhostUser{PathAt: at.At(".socketfile"), ModeAt: at.At(".mode")}
	dev.Path, dev.DirAt = p.socket(v.Socketfile, dev.PathAt, dir)
	switch v.Mode {
	case fact.Client, fact.Server:
		dev.Mode = v.Mode
	default:
		p.problem(dev.ModeAt, fact.Malformed, "%.100q is neither client nor server", v.Mode)
	}
	return dev
}

func (p *parser) memif(m memif, at fact.Origin, dir directory) fact.Device {
	dev := fact.Memif{PathAt: at.At(".socketfile"), RoleAt: at.At(".role"), ModeAt: at.At(".mode")}
	dev.Path = m.Socketfile
	if !strings.HasPrefix(m.Socketfile, "@") { // not an abstract socket
		dev.Path, dev.DirAt = p.socket(m.Socketfile, dev.PathAt, dir)
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
func (p *parser) socket(file string, at fact.Origin, dir directory) (string, fact.Origin) {
	switch {
	case file == "":
		p.problem(at, fact.Malformed, "no socket file")
	case path.IsAbs(file):
	case dir.path == "":
		p.problem(at, fact.RelativePath, "%.200q is relative, and annotation %s does not say to what", file, MappedDirKey)
	default:
		return strings.TrimRight(dir.path, "/") + "/" + file, dir.at
	}
	return file, fact.Origin{}
}

// addrs reads the addresses of a CNI result, the container's and the gateways'.
func (p *parser) addrs(r ipResult, at fact.Origin) (ips, gateways []netip.Addr) {
	for i, ip := range r.IPs {
		bad := func(member, text string) {
			p.problem(at.At(".ips["+strconv.Itoa(i)+"]."+member), fact.Malformed, "%.100q is not an IP address", text)
		}
		if addr, ok := fact.ParseAddr(ip.Address); ok {
			ips = append(ips, addr)
		} else {
			bad("address", ip.Address)
		}
		if ip.Gateway == "" {
			continue
		}
		if addr, ok := fact.ParseAddr(ip.Gateway); ok {
			gateways = append(gateways, addr)
		} else {
			bad("gateway", ip.Gateway)
		}
	}
	return ips, gateways
}
