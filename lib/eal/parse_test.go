package eal_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// meaning is what an argv says to EAL. It is found by the parsers of this file,
// which share no code with the package.
type meaning struct {
	Lcores     map[int]int // lcore to CPU
	InMemory   bool
	SingleFile bool
	NoHuge     bool
	MiB        int
	SocketMem  []int
	FilePrefix string
	IOVA       string
	Token      string
	NoPCI      bool
	Allow      []string
	VDevs      map[string]map[string]string // device to its arguments
	Logs       []string                     // --log-level, for arguments of the caller's own
	Telemetry  bool                         // no --no-telemetry
}

// dialect is one of EAL's two parsers.
type dialect int

const (
	getopt   dialect = iota // until 25.07
	argparse                // since 25.11
)

// parse reads argv as EAL does. It is an error if either parser would refuse it.
func parse(d dialect, argv []string) (meaning, error) {
	m := meaning{Lcores: map[int]int{}, VDevs: map[string]map[string]string{}, Telemetry: true}
	seen := map[string]bool{}
	for len(argv) > 0 {
		word := argv[0]
		argv = argv[1:]
		name, value, glued := strings.Cut(word, "=")
		if !strings.HasPrefix(word, "--") && d == getopt && len(word) > 2 {
			name, value, glued = word[:2], word[2:], true
		}
		takesValue := false
		switch name {
		case "--lcores", "-m", "--socket-mem", "--file-prefix", "--iova-mode", "--vfio-vf-token", "-a", "--vdev", "--log-level":
			takesValue = true
		case "--in-memory", "--single-file-segments", "--no-huge", "--no-pci", "--no-telemetry":
		default:
			return m, fmt.Errorf("unknown argument %q", word)
		}
		if takesValue && !glued {
			if len(argv) == 0 {
				return m, fmt.Errorf("%q lacks a value", word)
			}
			value, argv = argv[0], argv[1:]
		}
		if !takesValue && glued {
			return m, fmt.Errorf("%q takes no value", word)
		}
		repeats := name == "-a" || name == "--vdev" || name == "--log-level"
		if seen[name] && !repeats {
			return m, fmt.Errorf("%q stands twice", name)
		}
		seen[name] = true
		if err := m.set(name, value); err != nil {
			return m, fmt.Errorf("%s %q: %w", name, value, err)
		}
	}
	return m, m.consistent(seen)
}

func (m *meaning) set(name, value string) (err error) {
	switch name {
	case "--lcores":
		m.Lcores, err = parseLcores(value)
	case "-m":
		m.MiB, err = strconv.Atoi(value)
	case "--socket-mem":
		for n := range strings.SplitSeq(value, ",") {
			mib, err := strconv.Atoi(n)
			if err != nil || mib < 0 {
				return fmt.Errorf("bad amount %q", n)
			}
			m.SocketMem = append(m.SocketMem, mib)
		}
	case "--file-prefix":
		m.FilePrefix = value
	case "--iova-mode":
		m.IOVA = value
	case "--vfio-vf-token":
		m.Token = value
	case "-a":
		if slices.Contains(m.Allow, value) {
			return fmt.Errorf("allowed twice")
		}
		m.Allow = append(m.Allow, value)
	case "--vdev":
		device, args, err := parseDevice(value)
		if err != nil {
			return err
		}
		if m.VDevs[device] != nil {
			return fmt.Errorf("device twice")
		}
		m.VDevs[device] = args
	case "--log-level":
		m.Logs = append(m.Logs, value)
	case "--in-memory":
		m.InMemory = true
	case "--single-file-segments":
		m.SingleFile = true
	case "--no-huge":
		m.NoHuge = true
	case "--no-pci":
		m.NoPCI = true
	case "--no-telemetry":
		m.Telemetry = false
	}
	return err
}

// consistent checks what eal_check_common_options checks, of either parser.
func (m *meaning) consistent(seen map[string]bool) error {
	switch {
	case len(m.Lcores) == 0:
		return fmt.Errorf("no lcores")
	case m.NoHuge && (m.InMemory || m.SingleFile || seen["--socket-mem"]):
		return fmt.Errorf("hugepages and no hugepages")
	case seen["-m"] && seen["--socket-mem"]:
		return fmt.Errorf("-m and --socket-mem")
	case seen["--socket-mem"] && slices.Max(m.SocketMem) == 0:
		return fmt.Errorf("no memory on any node")
	case m.FilePrefix == "" || strings.ContainsAny(m.FilePrefix, "%/"):
		return fmt.Errorf("file prefix %q", m.FilePrefix)
	case !m.NoPCI && !slices.ContainsFunc(m.Allow, func(a string) bool { return !strings.HasPrefix(a, "auxiliary:") }):
		return fmt.Errorf("every PCI function of the host would be probed")
	}
	return nil
}

// parseLcores reads the "lcores@cpus" of --lcores, as far as it is used here:
// groups in parentheses, ranges, and a map to one CPU.
func parseLcores(s string) (map[int]int, error) {
	lcores := map[int]int{}
	for part := range strings.SplitSeq(s, ",") {
		ids, cpu, ok := strings.Cut(part, "@")
		if !ok {
			return nil, fmt.Errorf("%q has no CPU", part)
		}
		first, last := ids, ids
		if group, ok := strings.CutPrefix(ids, "("); ok {
			if first, last, ok = strings.Cut(strings.TrimSuffix(group, ")"), "-"); !ok {
				return nil, fmt.Errorf("%q is no range", group)
			}
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		n, err3 := strconv.Atoi(cpu)
		if err1 != nil || err2 != nil || err3 != nil || to >= 128 || n >= 1024 {
			return nil, fmt.Errorf("%q: out of range", part)
		}
		for id := from; id <= to; id++ {
			if _, ok := lcores[id]; ok {
				return nil, fmt.Errorf("lcore %d twice", id)
			}
			lcores[id] = n
		}
	}
	return lcores, nil
}

// parseDevice reads a device's arguments as lib/kvargs does: brackets protect
// commas, and every '=' begins another key.
func parseDevice(s string) (name string, args map[string]string, err error) {
	for _, layer := range []string{"/bus=", "/class=", "/driver="} {
		if strings.Contains(s, layer) {
			return "", nil, fmt.Errorf("has a layer %q", layer)
		}
	}
	depth := 0
	fields := strings.FieldsFunc(s, func(r rune) bool {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		}
		return r == ',' && depth == 0
	})
	if len(fields) == 0 || len(fields[0]) > 63 {
		return "", nil, fmt.Errorf("no name, or a long one")
	}
	args = map[string]string{}
	for _, field := range fields[1:] {
		i := strings.LastIndexByte(field, '=')
		if i < 0 {
			return "", nil, fmt.Errorf("%q has no value", field)
		}
		key := field[:i]
		key = key[strings.LastIndexByte(key, '=')+1:]
		if _, ok := args[key]; ok {
			return "", nil, fmt.Errorf("%q twice", key)
		}
		args[key] = field[i+1:]
	}
	return fields[0], args, nil
}
