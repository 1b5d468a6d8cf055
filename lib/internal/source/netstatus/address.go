package netstatus

import (
	"net"
	"net/netip"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// addrs reads addresses, with or without a prefix length. The library that
// writes the annotation renders a gateway that is absent as "<nil>".
func (d *decoder) addrs(texts []string, at fact.Origin, member string) []netip.Addr {
	if len(texts) == 0 {
		return nil
	}
	addrs := make([]netip.Addr, 0, len(texts))
	for i, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" || text == "<nil>" {
			continue
		}
		addr, ok := fact.ParseAddr(text)
		if !ok {
			d.problem(elementAt(at.At(member), i), fact.Malformed, "%.100q is not an IP address", text)
			continue
		}
		addrs = append(addrs, addr)
	}
	if len(addrs) == 0 {
		return nil
	}
	return addrs
}

// mac gives a hardware address its usual form. InfiniBand's have 20 bytes.
func (d *decoder) mac(text string, at fact.Origin) string {
	text = strings.TrimSpace(text)
	if text == "" || isUsualMAC(text) {
		return text
	}
	mac, err := net.ParseMAC(text)
	if err != nil {
		d.problem(at.At(".mac"), fact.Malformed, "%.100q is not a hardware address", text)
		return ""
	}
	return mac.String()
}

// isUsualMAC reports whether text is six bytes in the usual form, which need no
// more work.
func isUsualMAC(text string) bool {
	if len(text) != len("00:00:00:00:00:00") {
		return false
	}
	for i, c := range []byte(text) {
		switch {
		case i%3 == 2:
			if c != ':' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
		default:
			return false
		}
	}
	return true
}

// pciAddress reads a PCI address that may be absent.
func (d *decoder) pciAddress(text string, at fact.Origin, member string) pciaddr.Address {
	text = strings.TrimSpace(text)
	if text == "" {
		return pciaddr.Address{}
	}
	address, err := pciaddr.Parse(text)
	if err != nil {
		d.problem(at.At(member), fact.Malformed,
			"%.100q is not a PCI address, which has the form 0000:3b:02.6, with a dot before the function", text)
	}
	return address
}
