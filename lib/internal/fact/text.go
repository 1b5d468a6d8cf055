package fact

import (
	"net/netip"
	"strings"
)

// Values that several sources have in the same form.

// ResourceKey is the part of PCIDEVICE_<resource> that the device plugin makes of
// a resource's name, as OPENSHIFT_IO_SRIOV_A of openshift.io/sriov_a.
func ResourceKey(resource string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "/", "_").Replace(resource))
}

// IsAuxiliary reports whether name has the form of a name on the auxiliary bus:
// the driver's, the device's and a number, such as mlx5_core.sf.4.
func IsAuxiliary(name string) bool {
	driver, rest, _ := strings.Cut(name, ".")
	device, number, _ := strings.Cut(rest, ".")
	return isWord(driver) && isWord(device) && number != "" && strings.Trim(number, "0123456789") == ""
}

// isWord reports whether s is of letters, digits, '_' and '-'.
func isWord(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return s != ""
}

// ParseAddr reads an address, with or without a prefix length, that means the
// same everywhere: one with a zone does not.
func ParseAddr(text string) (netip.Addr, bool) {
	var addr netip.Addr
	var err error
	if strings.Contains(text, "/") {
		var prefix netip.Prefix
		prefix, err = netip.ParsePrefix(text)
		addr = prefix.Addr()
	} else {
		addr, err = netip.ParseAddr(text)
	}
	return addr.Unmap(), err == nil && addr.Zone() == ""
}

// IsInterfaceName reports whether the kernel takes name for an interface's.
func IsInterfaceName(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > 15 {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c == '/' || c == ':' || c == 0x7f {
			return false
		}
	}
	return true
}
