package eal

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/podnet/podnet/lib/pciaddr"
)

// Limits of DPDK and of the kernel.
const (
	maxPortName   = 63  // RTE_DEV_NAME_MAX_LEN (64) with its NUL
	maxSocketPath = 107 // sun_path (108) with its NUL; virtio_user and vhost cut longer ones silently
	maxFilePrefix = 64  // leaves room in sun_path for the telemetry socket's directory and name
)

// unsafeText says why s cannot be a value within a device argument, or gives
// "" if it can.
//
// DPDK's kvargs split at commas, begin another key at every '=', and take
// brackets for lists; nothing escapes them (lib/kvargs/rte_kvargs.c). EAL
// splits a value at "/bus=", "/class=" and "/driver=" even before that, which
// the ban of '=' covers. Quotes and control characters are no trouble to DPDK,
// but to the shells and logs that a command line passes through.
func unsafeText(s string) string {
	if s == "" {
		return "is empty"
	}
	if !utf8.ValidString(s) {
		return "is not valid UTF-8"
	}
	for _, r := range s {
		switch {
		case strings.ContainsRune(`,=[]`, r):
			return fmt.Sprintf("has %q, which DPDK's device arguments cannot carry", r)
		case strings.ContainsRune("'\"`", r):
			return fmt.Sprintf("has a quote (%c)", r)
		case unicode.IsControl(r):
			return fmt.Sprintf("has the control character %U", r)
		}
	}
	return ""
}

const pathRemedy = "give the socket another path, or bind-mount or link its directory to one"

// checkSocket checks the path of a socket, or of a character device. Abstract
// ones ("@name") are for memif only.
func checkSocket(o Origin, path string, abstract bool) error {
	const what = "socket path"
	if reason := unsafeText(path); reason != "" {
		return o.errorf(what, path, pathRemedy, "%s", reason)
	}
	if len(path) > maxSocketPath {
		return o.errorf(what, path, pathRemedy, "has %d bytes, and a socket's address holds %d", len(path), maxSocketPath)
	}
	switch {
	case slices.Contains(strings.Split(path, "/"), ".."):
		return o.errorf(what, path, pathRemedy, `has ".." in it`)
	case strings.HasPrefix(path, "/"):
	case !strings.HasPrefix(path, "@"):
		return o.errorf(what, path, pathRemedy, "is not absolute")
	case !abstract:
		return o.errorf(what, path, pathRemedy, "is abstract, which DPDK supports for memif only")
	case path == "@":
		return o.errorf(what, path, pathRemedy, "has no name")
	}
	return nil
}

// vdevName is the name of a virtual device: its driver's prefix and the
// interface's name. A device that is on no network has its PCI address for a name,
// whose colons EAL would read as the end of a bus's name.
func vdevName(prefix, name string) string {
	if _, err := pciaddr.Parse(name); err == nil {
		name = strings.ReplaceAll(name, ":", "_")
	}
	return prefix + name
}

// portName makes the name of a virtual device from its driver's prefix and the
// interface's name, and checks it.
func portName(o Origin, prefix string) (string, error) {
	const what, remedy = "name", "give the interface a name of letters and digits"
	name := vdevName(prefix, o.Interface)
	if reason := unsafeText(o.Interface); reason != "" {
		return "", o.errorf(what, o.Interface, remedy, "%s", reason)
	}
	if strings.ContainsFunc(strings.TrimPrefix(name, prefix), func(r rune) bool { return r == '/' || r == ':' || unicode.IsSpace(r) }) {
		return "", o.errorf(what, o.Interface, remedy, "has a slash, a colon or a blank, which no interface's name has")
	}
	if len(name) > maxPortName {
		return "", o.errorf(what, o.Interface, remedy, "makes the port's name %d bytes long, and DPDK takes %d", len(name), maxPortName)
	}
	return name, nil
}

// checkMAC checks the address of one station and gives its usual form; an
// empty one stays empty.
func checkMAC(o Origin, mac string) (string, error) {
	if mac == "" {
		return "", nil
	}
	const what, remedy = "MAC address", "give a unicast address of six bytes, such as 02:00:00:00:00:01"
	hw, err := net.ParseMAC(mac)
	switch {
	case err != nil || len(hw) != 6:
		return "", o.errorf(what, mac, remedy, "is not six bytes in hexadecimal")
	case hw[0]&1 != 0:
		return "", o.errorf(what, mac, remedy, "is a group address")
	case slices.Max(hw) == 0:
		return "", o.errorf(what, mac, remedy, "is all zero")
	}
	return hw.String(), nil
}

// isFilePrefix reports whether s can name the directory of a DPDK process's
// runtime files. EAL itself refuses an empty one and '%'; a slash or ".." would
// lead out of its runtime directory.
func isFilePrefix(s string) bool {
	return s != "" && len(s) <= maxFilePrefix && s[0] != '.' && s[0] != '-' &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("._-", r)
		})
}

// isUUID reports whether s has the form of a UUID.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}
