package eal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DevArg is one option of a device, such as queue_size=512 of a virtio_user port.
type DevArg struct {
	Key   string
	Value string
}

// maxDevArgs is how many options DPDK reads of a device (RTE_KVARGS_MAX).
const maxDevArgs = 32

// ParseDevArgs reads options as DPDK writes them: key=value,key=value. A comma in
// brackets belongs to the value, as in representor=[0,2-3]. Every error wraps
// ErrOption.
func ParseDevArgs(text string) ([]DevArg, error) {
	var args []DevArg
	for _, pair := range splitOutsideBrackets(text) {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%w: device argument %s: want key=value", ErrOption, shown(pair))
		}
		args = append(args, DevArg{key, value})
	}
	if err := checkDevArgs(args); err != nil {
		return nil, err
	}
	return args, nil
}

// splitOutsideBrackets splits at commas, as DPDK does: brackets do not nest.
func splitOutsideBrackets(text string) []string {
	var parts []string
	start, inside := 0, false
	for i, r := range text {
		switch {
		case r == '[':
			inside = true
		case r == ']':
			inside = false
		case r == ',' && !inside:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// checkDevArgs checks that each argument is one key and one value to DPDK, so
// that none can make another key, device or option.
func checkDevArgs(args []DevArg) error {
	if len(args) > maxDevArgs {
		return fmt.Errorf("%w: %d arguments for a device, and DPDK reads %d", ErrOption, len(args), maxDevArgs)
	}
	seen := map[string]bool{}
	for _, a := range args {
		if a.Key == "" || strings.ContainsFunc(a.Key, func(r rune) bool { return !isKeyRune(r) }) {
			return fmt.Errorf("%w: device argument %s: want a key of letters, digits, hyphens and underscores", ErrOption, shown(a.Key+"="+a.Value))
		}
		if seen[a.Key] {
			return fmt.Errorf("%w: device argument %s stands twice", ErrOption, shown(a.Key))
		}
		seen[a.Key] = true
		if reason := unsafeDevArg(a.Value); reason != "" {
			return fmt.Errorf("%w: device argument %s: its value %s %s", ErrOption, a.Key, shown(a.Value), reason)
		}
	}
	return nil
}

func isKeyRune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_'
}

// unsafeDevArg is unsafeText for a value that may have a list in brackets. DPDK
// looks for the closing bracket from the first opening one.
func unsafeDevArg(value string) string {
	before, rest, bracketed := strings.Cut(value, "[")
	if !bracketed {
		return unsafeText(value)
	}
	list, after, closed := strings.Cut(rest, "]")
	if !closed {
		return "has a bracket that is not closed"
	}
	if strings.ContainsRune(list, '[') {
		return "has a list within a list, which DPDK's device arguments cannot carry"
	}
	if text := before + strings.ReplaceAll(list, ",", "") + after; text != "" {
		return unsafeText(text)
	}
	return ""
}

// devArgKey is an option that a virtual device has.
type devArgKey struct {
	key   string
	check func(value string) error
	since Version // 0: every release that is supported
}

// The options of virtual devices that callers may set, by the parameter strings
// of DPDK 22.11 to 26.07 (RTE_PMD_REGISTER_PARAM_STRING). net_memif ignores a
// whole list in which it finds a key that it does not know, and comes up on an
// abstract socket of its own.
var (
	virtioUserKeys = []devArgKey{
		{"queue_size", number(1, 1<<15), 0},
		{"packed_vq", flag, 0},
		{"mrg_rxbuf", flag, 0},
		{"in_order", flag, 0},
		{"vectorized", flag, 0},
		{"cq", flag, 0},
		{"speed", number(0, 1<<31), 0},
		{"mac", station, 0},
	}
	vhostKeys = []devArgKey{
		{"iommu-support", flag, 0},
		{"postcopy-support", flag, 0},
		{"tso", flag, 0},
		{"linear-buffer", flag, 0},
		{"ext-buffer", flag, 0},
		{"legacy-ol-flags", flag, 0},
	}
	memifKeys = []devArgKey{
		{"bsize", number(1, 1<<16-1), 0},
		{"rsize", number(1, 14), 0},
		{"zero-copy", yesOrNo, 0},
		{"secret", secret, 0},
		{"mac", station, 0},
		{"owner-uid", number(0, 1<<32-2), v23_03},
		{"owner-gid", number(0, 1<<32-2), v23_03},
	}
)

func number(low, high uint64) func(string) error {
	return func(value string) error {
		if n, err := strconv.ParseUint(value, 10, 64); err != nil || n < low || n > high {
			return fmt.Errorf("want a number from %d to %d", low, high)
		}
		return nil
	}
}

func flag(value string) error { return oneOf(value, "0", "1") }

func yesOrNo(value string) error { return oneOf(value, "yes", "no") }

func oneOf(value string, choices ...string) error {
	if !slices.Contains(choices, value) {
		return fmt.Errorf("want %s", strings.Join(choices, " or "))
	}
	return nil
}

func station(value string) error {
	_, err := checkMAC(Origin{}, value)
	return err
}

// maxSecret is the room that memif's protocol has for a secret.
const maxSecret = 24

func secret(value string) error {
	if len(value) > maxSecret {
		return fmt.Errorf("it has %d bytes, and memif's protocol carries %d", len(value), maxSecret)
	}
	return nil
}

// checkQueueSize holds the size of split virtqueues to powers of two, as
// virtio_init_queue does.
func checkQueueSize(args []DevArg) error {
	n, err := strconv.ParseUint(value(args, "queue_size"), 10, 64)
	if err == nil && value(args, "packed_vq") != "1" && n&(n-1) != 0 {
		return fmt.Errorf("%w: device argument queue_size=%d: want a power of 2, or packed_vq=1", ErrOption, n)
	}
	return nil
}

// addArgs appends the caller's own arguments to the device's, which they cannot override.
// For a virtual device it refuses unknown keys.
func (v *vdev) addArgs(args []DevArg, keys []devArgKey, release Version) error {
	if err := checkDevArgs(args); err != nil {
		return v.origin.bad(err)
	}
	ours := splitOutsideBrackets(v.String())[1:]
	for _, a := range args {
		if slices.ContainsFunc(ours, func(pair string) bool { return strings.HasPrefix(pair, a.Key+"=") }) {
			return v.origin.bad(fmt.Errorf("%w: podnet sets the device argument %s from the pod's device, and it cannot be overridden", ErrOption, a.Key))
		}
		i := slices.IndexFunc(keys, func(k devArgKey) bool { return k.key == a.Key && release.orOldest() >= k.since })
		if i < 0 {
			return v.origin.bad(fmt.Errorf("%w: device argument %s: %s", ErrOption, shown(a.Key), known(keys, release)))
		}
		if err := keys[i].check(a.Value); err != nil {
			return v.origin.bad(fmt.Errorf("%w: device argument %s: %w", ErrOption, a.Key, err)) // the value may be a secret
		}
		v.add(a.Key, a.Value)
	}
	return nil
}

// known says which options there are to choose from.
func known(keys []devArgKey, release Version) string {
	var names []string
	for _, k := range keys {
		if release.orOldest() >= k.since {
			names = append(names, k.key)
		}
	}
	return "want one of " + strings.Join(names, ", ")
}

// bad names the interface in an error about the caller's arguments for it.
func (o Origin) bad(err error) error {
	if o.Interface == "" {
		return err
	}
	return fmt.Errorf("interface %s: %w", shown(o.Interface), err)
}

// value gives the value of a key, or "".
func value(args []DevArg, key string) string {
	for _, a := range args {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

// withArgs appends the caller's own arguments to the name of a device that gets
// none from podnet. Their keys are the driver's affair.
func (o Origin) withArgs(name string, args []DevArg) (string, error) {
	if err := checkDevArgs(args); err != nil {
		return "", o.bad(err)
	}
	var b strings.Builder
	b.WriteString(name)
	for _, a := range args {
		b.WriteString("," + a.Key + "=" + a.Value)
	}
	return b.String(), nil
}

// RenderDevice gives one device as the argument of -a or --vdev for the DPDK release, such
// as 0000:3b:02.6,mprq_en=1. rte_dev_probe takes it too, so a running process can take a
// device that comes later.
func RenderDevice(d Device, release Version) (string, error) {
	_, argument, err := d.render(release)
	return argument, err
}
