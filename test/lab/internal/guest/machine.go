//go:build linux

// Package guest controls the machine of the lab's tests: a QEMU guest that boot.sh has
// booted, with two SR-IOV NICs on one wire, each on a NUMA node of its own. It makes VFs,
// binds them to drivers, and runs the application in pods with them. It refuses to run on
// any other machine, because it changes drivers and networks. Start with Run and NewVFPod.
package guest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// Wrapper is the application under test.
const Wrapper = "/mnt/lab/testpmd-wrapper"

const pciDevices = "/sys/bus/pci/devices"

// PF is an igb NIC.
type PF struct {
	Address string
	Netdev  string
	Node    int // the NUMA node of the NIC
}

// VF is a virtual function of an igb NIC.
type VF struct {
	Address string
	PF      *PF
	Index   int
	MAC     string // by the PF's administrator
}

// PFs are the machine's NICs, in the order of their NUMA nodes, and VFs the
// functions that Run has made of them: four and two.
var (
	PFs []*PF
	VFs []VF
)

// Run prepares the machine for the tests and runs them.
func Run(m *testing.M) {
	// These changes must not happen on a real machine.
	if _, err := os.Stat(Wrapper); err != nil {
		fmt.Fprintln(os.Stderr, "lab: this is no guest of the lab: run make test-lab")
		os.Exit(1)
	}
	// The guest's CPUs are emulated.
	peertest.Patience = 60 * time.Second
	if err := setup(); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func setup() error {
	for _, command := range []string{
		"modprobe -a igb igbvf vfio-pci",
		// Exact counts have no room for neighbor discovery.
		"sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
	} {
		if _, err := output(strings.Fields(command)); err != nil {
			return err
		}
	}
	found, err := filepath.Glob(pciDevices + "/*/sriov_totalvfs")
	if err != nil || len(found) != 2 {
		return errors.Join(err, fmt.Errorf("NICs with VFs: %q, want two", found))
	}
	slices.Sort(found)
	for node, path := range found {
		pf := &PF{Address: filepath.Base(filepath.Dir(path)), Node: node}
		PFs = append(PFs, pf)
		netdev, err := Only(filepath.Join(pciDevices, pf.Address, "net/*"))
		if err != nil {
			return err
		}
		pf.Netdev = filepath.Base(netdev)
		if _, err := output([]string{"ip", "link", "set", pf.Netdev, "up"}); err != nil {
			return err
		}
		if err := pf.awaitLink(); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(pciDevices, pf.Address, "sriov_drivers_autoprobe"), []byte("0"), 0); err != nil {
			return err
		}
		vfs, err := pf.create([]int{4, 2}[node])
		if err != nil {
			return err
		}
		VFs = append(VFs, vfs...)
	}
	return nil
}

// create makes VFs with MAC addresses that identify them.
func (pf *PF) create(count int) (vfs []VF, err error) {
	if err := pf.write("sriov_numvfs", strconv.Itoa(count)); err != nil {
		return nil, err
	}
	for i := range count {
		vf := VF{PF: pf, Index: i, MAC: fmt.Sprintf("02:00:00:00:%02x:%02x", pf.Node, i)}
		target, err := os.Readlink(filepath.Join(pciDevices, pf.Address, "virtfn"+strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		vf.Address = filepath.Base(target)
		if _, err := output([]string{"ip", "link", "set", pf.Netdev, "vf", strconv.Itoa(i), "mac", vf.MAC}); err != nil {
			return nil, err
		}
		vfs = append(vfs, vf)
	}
	return vfs, pf.awaitLink() // the link goes down for a moment
}

// awaitLink waits until the NIC has a link, without which its VFs have none.
func (pf *PF) awaitLink() error {
	return testpeer.Poll(peertest.Patience, func() error {
		carrier, err := os.ReadFile("/sys/class/net/" + pf.Netdev + "/carrier")
		if err == nil && string(carrier) != "1\n" {
			err = fmt.Errorf("%s has no link", pf.Netdev)
		}
		return err
	})
}

// SetMTU sets the PF's MTU, beyond which its VFs carry nothing, until the test ends.
func (pf *PF) SetMTU(t *testing.T, mtu int) {
	t.Helper()
	set := func(mtu int) error {
		_, err := output([]string{"ip", "link", "set", pf.Netdev, "mtu", strconv.Itoa(mtu)})
		return errors.Join(err, pf.awaitLink()) // the link goes down for a moment
	}
	if err := set(mtu); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set(ethernetMTU); err != nil {
			t.Error(err)
		}
	})
}

const ethernetMTU = 1500

func (pf *PF) write(name, value string) error {
	return os.WriteFile(filepath.Join(pciDevices, pf.Address, name), []byte(value), 0)
}

// Remove takes the PF's VFs away until the test ends.
func (pf *PF) Remove(t *testing.T) {
	t.Helper()
	if err := pf.write("sriov_numvfs", "0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		count := 0
		for _, vf := range VFs {
			if vf.PF == pf {
				count++
			}
		}
		if _, err := pf.create(count); err != nil {
			t.Error(err)
		}
	})
}

// Driver is the kernel driver that the VF is bound to; empty: none.
func (vf VF) Driver() string { return base(filepath.Join(pciDevices, vf.Address, "driver")) }

// Group is the VF's IOMMU group.
func (vf VF) Group() string { return base(filepath.Join(pciDevices, vf.Address, "iommu_group")) }

// Node is the device node of the VF's IOMMU group.
func (vf VF) Node() string { return "/dev/vfio/" + vf.Group() }

// nobody is the user without privileges, and its group.
const nobody = 65534

// GiveToNobody gives the VF's device node to the user without privileges.
func (vf VF) GiveToNobody(t *testing.T) {
	t.Helper()
	vf.GiveTo(t, nobody)
}

// GiveTo gives the VF's device node to a user and the group of its number, as container
// runtimes do with device_ownership_from_security_context.
func (vf VF) GiveTo(t *testing.T, user int) {
	t.Helper()
	if err := os.Chown(vf.Node(), user, user); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chown(vf.Node(), 0, 0) }) //nolint:errcheck // the next bind makes it again
}

func base(link string) string {
	target, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// Bind binds the VF to a driver, if it is not bound yet, and waits for the device that the
// driver makes. An empty name unbinds it.
func (vf VF) Bind(t *testing.T, driver string) VF {
	t.Helper()
	if vf.Driver() == driver {
		return vf
	}
	dir := filepath.Join(pciDevices, vf.Address)
	if vf.Driver() != "" {
		if err := os.WriteFile(filepath.Join(dir, "driver/unbind"), []byte(vf.Address), 0); err != nil {
			t.Fatal(err)
		}
	}
	if driver == "" {
		return vf
	}
	if err := os.WriteFile(filepath.Join(dir, "driver_override"), []byte(driver), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/sys/bus/pci/drivers_probe", []byte(vf.Address), 0); err != nil {
		t.Fatal(err)
	}
	Await(t, vf.Address+" on "+driver, func() error {
		if vf.Driver() != driver {
			return fmt.Errorf("it is on %q", vf.Driver())
		}
		if driver == "vfio-pci" {
			_, err := os.Stat(vf.Node())
			return err
		}
		_, err := Only(filepath.Join(dir, "net/*"))
		return err
	})
	return vf
}

// VFIO binds the VF to vfio-pci.
func (vf VF) VFIO(t *testing.T) VF {
	t.Helper()
	return vf.Bind(t, "vfio-pci")
}

// Kernel binds the VF to its kernel driver and moves its netdev into a network
// namespace, unless that is empty, under a name and up, as the SR-IOV CNI does.
func (vf VF) Kernel(t *testing.T, netns, name string) VF {
	t.Helper()
	vf.Bind(t, "igbvf")
	dev, err := Only(filepath.Join(pciDevices, vf.Address, "net/*"))
	if err != nil {
		t.Fatal(err)
	}
	Command(t, "ip", "link", "set", filepath.Base(dev), "name", name)
	ip := []string{"ip"}
	if netns != "" {
		Command(t, "ip", "link", "set", name, "netns", netns)
		ip = append(ip, "-n", netns)
	}
	Command(t, append(ip, "link", "set", name, "up")...)
	Await(t, "the link of "+name, func() error {
		out, err := output(append(ip, "link", "show", name))
		if err == nil && !strings.Contains(out, "LOWER_UP") {
			err = errors.New(out)
		}
		return err
	})
	return vf
}

// NewNetns makes a network namespace that ends with the test.
func NewNetns(t *testing.T, name string) string {
	t.Helper()
	Command(t, "ip", "netns", "add", name)
	t.Cleanup(func() { Command(t, "ip", "netns", "delete", name) })
	return name
}

// Only gives the only path that matches a pattern.
func Only(pattern string) (string, error) {
	found, err := filepath.Glob(pattern)
	if len(found) != 1 {
		return "", errors.Join(err, fmt.Errorf("%s: %q, want one", pattern, found))
	}
	return found[0], nil
}

// Command runs a command to its end and gives its standard output.
func Command(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := output(argv)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func output(argv []string) (string, error) {
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("%q: %w", argv, err)
	}
	return string(out), nil
}

// Await waits until check returns nil.
func Await(t *testing.T, what string, check func() error) {
	t.Helper()
	if err := testpeer.Poll(peertest.Patience, check); err != nil {
		t.Fatalf("wait for %s: %v", what, err)
	}
}
