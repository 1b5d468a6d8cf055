package eal

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/podnet/podnet/lib/pciaddr"
)

// takes says whether an option has a value.
type takes int

const (
	nothing takes = iota
	aValue
	maybeAValue // only behind '='
)

// option is one option of EAL.
type option struct {
	long      string
	short     byte // 0: none
	takes     takes
	repeats   bool    // may stand more than once
	since     Version // 0: as long as we know
	longSince Version // of the long name, where the short one is older
	until     Version // first release that does not have it; 0: all do
}

// options gives the options that EAL knows on Linux from 22.11 to 26.07
// (lib/eal/common/eal_common_options.c, eal_option_list.h since 25.11).
func options() []option {
	return []option{
		{long: "allow", short: 'a', takes: aValue, repeats: true},
		{long: "auto-probing", since: v26_07},
		{long: "base-virtaddr", takes: aValue},
		{long: "block", short: 'b', takes: aValue, repeats: true},
		{long: "coremask", short: 'c', takes: aValue, longSince: V25_11},
		{long: "create-uio-dev"},
		{long: "driver-path", short: 'd', takes: aValue, repeats: true, longSince: V25_11},
		{long: "file-prefix", takes: aValue},
		{long: "force-max-simd-bitwidth", takes: aValue},
		{long: "help", short: 'h'},
		{long: "huge-dir", takes: aValue},
		{long: "huge-unlink", takes: maybeAValue},
		{long: "huge-worker-stack", takes: maybeAValue},
		{long: "in-memory"},
		{long: "iova-mode", takes: aValue},
		{long: "lcores", short: 'l', takes: aValue},
		{long: "legacy-mem"},
		{long: "log-color", takes: maybeAValue, since: V24_11},
		{long: "log-level", takes: aValue, repeats: true},
		{long: "log-timestamp", takes: maybeAValue, since: V24_11},
		{long: "main-lcore", takes: aValue},
		{long: "match-allocations"},
		{long: "mbuf-pool-ops-name", takes: aValue},
		{long: "memory-channels", short: 'n', takes: aValue, longSince: V25_11},
		{long: "memory-ranks", short: 'r', takes: aValue, longSince: V25_11},
		{long: "memory-size", short: 'm', takes: aValue, longSince: V25_11},
		{long: "no-auto-probing", short: 'A', since: v26_07},
		{long: "no-hpet"},
		{long: "no-huge"},
		{long: "no-pci"},
		{long: "no-shconf"},
		{long: "no-telemetry"},
		{long: "numa-limit", takes: aValue, since: v25_07},
		{long: "numa-mem", takes: aValue, since: v25_07},
		{long: "pagesz-mem", takes: aValue, repeats: true, since: v26_07},
		{long: "proc-type", takes: aValue},
		{long: "remap-lcore-ids", short: 'R', takes: maybeAValue, since: V25_11},
		{long: "service-corelist", short: 'S', takes: aValue, longSince: V25_11},
		{long: "service-coremask", short: 's', takes: aValue, longSince: V25_11},
		{long: "single-file-segments"},
		{long: "socket-limit", takes: aValue},
		{long: "socket-mem", takes: aValue},
		{long: "syslog", takes: aValue, until: V24_11},
		{long: "syslog", takes: maybeAValue, since: V24_11},
		{long: "telemetry"},
		{long: "trace", takes: aValue, repeats: true},
		{long: "trace-bufsz", takes: aValue},
		{long: "trace-dir", takes: aValue},
		{long: "trace-mode", takes: aValue},
		{long: "vdev", takes: aValue, repeats: true},
		{long: "version", short: 'v', longSince: V25_11},
		{long: "vfio-intr", takes: aValue},
		{long: "vfio-vf-token", takes: aValue},
		{long: "vmware-tsc-map"},
	}
}

// exclusive lists sets of options that exclude each other: EAL accepts only one of them, or
// the second one undoes the first.
func exclusive() [][]string {
	return [][]string{
		{"lcores", "coremask", "remap-lcore-ids"},
		{"lcores", "main-lcore"}, // the main lcore is the first, and its CPU is not polled
		{"memory-size", "socket-mem", "numa-mem"},
		{"socket-limit", "numa-limit"},
		{"in-memory", "legacy-mem", "no-huge"},
		{"in-memory", "huge-unlink"},
		{"no-huge", "socket-mem", "numa-mem"},
		{"no-huge", "huge-unlink"},
		{"no-huge", "match-allocations"},
		{"no-huge", "single-file-segments"},
		{"no-huge", "socket-limit", "numa-limit"},
		{"allow", "block"},
		{"telemetry", "no-telemetry"},
	}
}

// given is an option as it stands on a command line.
type given struct {
	option
	text  string // as it was written, for errors
	value string
}

// parseOptions reads args as EAL of release v would, and fails where it would.
func parseOptions(v Version, args []string) ([]given, error) {
	v = v.orOldest()
	var found []given
	for i := 0; i < len(args); i++ {
		arg := args[i]
		opt, value, hasValue, err := matchOption(v, arg)
		switch {
		case err != nil:
			return nil, err
		case opt.takes == nothing && hasValue:
			return nil, fmt.Errorf("%s takes no value", shown(arg))
		case opt.takes == aValue && !hasValue:
			if i++; i == len(args) {
				return nil, fmt.Errorf("%s lacks its value", shown(arg))
			}
			value = args[i]
		}
		found = append(found, given{option: opt, text: arg, value: value})
	}
	return found, nil
}

// matchOption finds the option that arg names.
func matchOption(v Version, arg string) (opt option, value string, hasValue bool, err error) {
	if len(arg) < 2 || arg[0] != '-' || arg == "--" {
		return option{}, "", false, fmt.Errorf("%s is no option of EAL", shown(arg))
	}
	name, value, hasValue := strings.Cut(arg, "=")
	long, isLong := strings.CutPrefix(name, "--")
	if !isLong && v < V25_11 {
		// getopt takes all that follows a short option's letter as its
		// value, an equals sign too, which is never meant.
		if hasValue && len(name) == 2 {
			return option{}, "", false, fmt.Errorf("%s: DPDK %s takes the '=' for a part of the value: leave it out", shown(arg), v)
		}
		name, value, hasValue = arg[:2], arg[2:], len(arg) > 2
	}
	for _, o := range options() {
		known := v >= o.since && (o.until == 0 || v < o.until)
		switch {
		case !known:
		case isLong && o.long == long && v >= o.longSince, !isLong && o.short != 0 && name[1:] == string(o.short):
			return o, value, hasValue, nil
		case isLong && v >= o.longSince && strings.HasPrefix(o.long, long):
			err = fmt.Errorf("%s: write --%s in full, DPDK 25.11 and later know no abbreviations", shown(arg), o.long)
		}
	}
	if err == nil {
		err = fmt.Errorf("%s is no option of EAL of DPDK %s", shown(arg), v)
	}
	return option{}, "", false, err
}

// withExtra appends the caller's own arguments. They must parse, and must not
// repeat or contradict what is there: EAL fails then, since 25.11 by ending the
// process.
func (c Config) withExtra(args []string) ([]string, error) {
	if len(c.Extra) == 0 {
		return args, nil
	}
	ours, err := parseOptions(c.Version, args)
	if err != nil {
		return nil, err
	}
	extra, err := parseOptions(c.Version, c.Extra)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOption, err)
	}
	for _, arg := range c.Extra {
		if strings.ContainsFunc(arg, unicode.IsControl) {
			return nil, fmt.Errorf("%w: %s has a control character", ErrOption, shown(arg))
		}
	}
	line := slices.Concat(ours, extra)
	for i, g := range line[len(ours):] {
		for _, before := range line[:len(ours)+i] {
			if err := conflict(before, g); err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrOption, shown(g.text), err)
			}
		}
	}
	return append(args, c.Extra...), nil
}

// conflict says why b cannot stand after a.
func conflict(a, b given) error {
	if a.long == b.long {
		switch {
		case !a.repeats:
			return fmt.Errorf("%s stands before it, and EAL accepts one", shown(a.text))
		case (a.long == "vdev" || a.long == "allow") && deviceName(a) == deviceName(b):
			return fmt.Errorf("device %s is there already", shown(deviceName(a)))
		}
		return nil
	}
	for _, set := range exclusive() {
		if slices.Contains(set, a.long) && slices.Contains(set, b.long) {
			return fmt.Errorf("%s stands before it, and the two exclude each other", shown(a.text))
		}
	}
	if a.long == "no-pci" && b.isPCI() || b.long == "no-pci" && a.isPCI() {
		return fmt.Errorf("%s stands before it, and the two exclude each other", shown(a.text))
	}
	return nil
}

// deviceName is what names the device in the value of -a or --vdev.
func deviceName(g given) string {
	name, _, _ := strings.Cut(g.value, ",")
	if a, err := pciaddr.Parse(strings.TrimPrefix(name, "pci:")); err == nil {
		return a.String()
	}
	return name
}

// isPCI reports whether g allows a PCI function.
func (g given) isPCI() bool {
	return g.long == "allow" && !strings.HasPrefix(g.value, auxiliaryBus)
}

// allowsPCI reports whether the caller's own arguments allow a PCI function.
func allowsPCI(v Version, extra []string) bool {
	found, err := parseOptions(v, extra)
	return err == nil && slices.ContainsFunc(found, given.isPCI)
}
