package dra

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// The SR-IOV driver's variables. <device> is the driver's name of a device, in
// which '-' is replaced by '_'.
const (
	prefix        = "SRIOVNETWORK_"
	devicePrefix  = prefix + "VF_DEVICE_"          // + <device>: its address
	networkName   = prefix + "NET_ATTACH_DEF_NAME" // of the last device that was prepared
	pciAddresses  = prefix + "PCI_ADDRESSES"       // of all devices of the pod
	rdmaDevice    = "_RDMA_DEVICE"                 // prefix + <device> +
	rdmaUVerb     = "_RDMA_UVERB"
	vfioDevice    = "_VFIO_DEVICE"
	devicesFolder = "/dev/"
)

// The suffixes of the variables that have a device node. driveSuffixes are for the nodes
// that drive a device, nodeSuffixes for all nodes.
var (
	driveSuffixes = []string{vfioDevice, rdmaUVerb}
	nodeSuffixes  = []string{vfioDevice, rdmaUVerb, "_RDMA_UMAD", "_RDMA_ISSM", "_RDMA_CM"}
)

// environment is what an environment has of the driver's variables.
type environment struct {
	values map[string]string
	facts  []fact.Fact
}

func (e *environment) problem(name string, code fact.Code, format string, args ...any) {
	e.facts = append(e.facts, fact.Problemf(fact.Origin{Source: fact.Env, Where: name}, code, format, args...))
}

// Parse gives the facts in the SR-IOV driver's variables: Read for the environment
// alone.
func Parse(environ []string) []fact.Fact {
	var e environment
	for _, variable := range environ {
		if strings.HasPrefix(variable, prefix) {
			e.add(variable)
		}
	}
	if e.values == nil {
		return nil
	}
	e.read()
	return e.facts
}

func (e *environment) add(variable string) {
	name, value, ok := strings.Cut(variable, "=")
	if !ok {
		return
	}
	if e.values == nil {
		e.values = map[string]string{}
	}
	value = strings.TrimSpace(value)
	// As for getenv, the first of two variables of one name counts.
	if first, twice := e.values[name]; !twice {
		e.values[name] = value
	} else if first != value {
		e.problem(name, fact.Conflict, "set twice to different values, the first is used")
	}
}

func (e *environment) read() {
	names := slices.Sorted(maps.Keys(e.values))
	var devices []string // as the variables spell them
	known := map[string]bool{}
	for _, name := range names {
		if dev, ok := strings.CutPrefix(name, devicePrefix); ok && dev != "" {
			known[dev] = true
			if e.values[name] != "" {
				devices = append(devices, dev)
			}
		}
	}
	var claimed []fact.ClaimedDevice
	for _, dev := range devices {
		if c, ok := e.device(dev); ok {
			claimed = append(claimed, c)
		}
	}
	if network := e.values[networkName]; network != "" && len(devices) == 1 && len(claimed) == 1 {
		claimed[0].NetworkName = network
		claimed[0].NetworkNameAt = fact.Origin{Source: fact.Env, Where: networkName}
	}
	for _, c := range claimed {
		e.facts = append(e.facts, c)
	}
	e.podWide(claimed)
	for _, name := range names {
		dev, isDetail := detailOf(name)
		switch {
		case e.values[name] == "", name == networkName, name == pciAddresses, strings.HasPrefix(name, devicePrefix):
		case !isDetail && !namesDevice(e.values[name]): // such as one of Kubernetes', for a service
		case !isDetail:
			e.problem(name, fact.UnknownVar, "podnet does not know this variable of the SR-IOV DRA driver, and nothing of it is used")
		case !known[dev]:
			e.problem(name, fact.Malformed, "no variable %s%.100s tells which device it is of", devicePrefix, dev)
		}
	}
}

// device reads the variables of one device.
func (e *environment) device(dev string) (fact.ClaimedDevice, bool) {
	name := devicePrefix + dev
	c := fact.ClaimedDevice{
		Origin: fact.Origin{Source: fact.Env, Where: name},
		Driver: sriovDriver,
		ID:     strings.ReplaceAll(dev, "_", "-"), // a device's name cannot have '_'
	}
	var err error
	if c.Address, err = pciaddr.Parse(e.values[name]); err != nil {
		e.problem(name, fact.Malformed, "%.100q is not a PCI address", e.values[name])
		return c, false
	}
	for _, suffix := range driveSuffixes {
		variable := prefix + dev + suffix
		switch node := e.values[variable]; {
		case strings.HasPrefix(node, devicesFolder):
			if len(c.CharDevices) == 0 {
				c.CharDevicesAt = fact.Origin{Source: fact.Env, Where: variable}
			}
			c.CharDevices = append(c.CharDevices, node)
		case node != "":
			e.problem(variable, fact.Malformed, "%.100q is not a file in %s", node, devicesFolder)
		}
	}
	variable := prefix + dev + rdmaDevice
	switch rdma := e.values[variable]; {
	case rootfs.IsElement(rdma):
		c.RDMA, c.RDMAAt = rdma, fact.Origin{Source: fact.Env, Where: variable}
	case rdma != "":
		e.problem(variable, fact.Malformed, "%.100q is not the name of a device", rdma)
	}
	return c, true
}

// podWide reads the list of all devices of the pod. Those that no variable gives
// to this container may be another one's.
func (e *environment) podWide(claimed []fact.ClaimedDevice) {
	list := e.values[pciAddresses]
	if list == "" {
		return
	}
	own := map[pciaddr.Address]bool{}
	for _, c := range claimed {
		own[c.Address] = true
	}
	listed := map[pciaddr.Address]bool{}
	index := -1
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		index++
		where := pciAddresses + "[" + strconv.Itoa(index) + "]"
		address, err := pciaddr.Parse(text)
		if err != nil {
			e.problem(where, fact.Malformed, "%.100q is not a PCI address", text)
			continue
		}
		if !own[address] && !listed[address] {
			e.facts = append(e.facts, fact.ClaimedDevice{
				Origin:  fact.Origin{Source: fact.Env, Where: where},
				Driver:  sriovDriver,
				Address: address,
				PodWide: true,
			})
		}
		listed[address] = true
	}
	for _, c := range claimed {
		if !listed[c.Address] {
			e.problem(c.Where, fact.Conflict, "%s is not in %s, which has all devices of the pod", c.Address, pciAddresses)
		}
	}
}

// namesDevice reports whether a value is a device's node or address.
func namesDevice(value string) bool {
	_, err := pciaddr.Parse(value)
	return err == nil || strings.HasPrefix(value, devicesFolder)
}

// detailOf tells the device that a variable has a detail of.
func detailOf(name string) (dev string, ok bool) {
	rest := strings.TrimPrefix(name, prefix)
	if strings.HasPrefix(name, devicePrefix) {
		return "", false
	}
	if dev, ok = strings.CutSuffix(rest, rdmaDevice); ok {
		return dev, dev != ""
	}
	for _, suffix := range nodeSuffixes {
		if dev, ok = strings.CutSuffix(rest, suffix); ok {
			return dev, dev != ""
		}
	}
	return "", false
}
