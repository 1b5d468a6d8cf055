// Package privilege raises the capabilities that DPDK's drivers need. A container's
// process that is not root's has what its securityContext adds only if the program's
// file permits it (setcap ...=p), and then has to raise it.
package privilege

import (
	"os"

	"golang.org/x/sys/unix"
)

// needed are IPC_LOCK to lock memory for a device, NET_RAW for NVIDIA's queues and
// AF_PACKET, and SYS_RAWIO for VFIO without an IOMMU.
var needed = []uintptr{unix.CAP_IPC_LOCK, unix.CAP_NET_RAW, unix.CAP_SYS_RAWIO}

type sets [2]unix.CapUserData // the low and the high 32 capabilities

func header() *unix.CapUserHeader {
	return &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3} // of the calling thread
}

// Raise raises what this thread may have of the capabilities, and no more. Threads
// that it starts have them too.
func Raise() error {
	_, err := raise(func(d *unix.CapUserData, bit uint32) { d.Effective |= bit })
	return err
}

// RaiseForPrograms is Raise for the programs that this thread becomes or starts, whose
// files permit nothing.
func RaiseForPrograms() error {
	raised, err := raise(func(d *unix.CapUserData, bit uint32) {
		d.Effective |= bit
		d.Inheritable |= bit
	})
	for _, c := range raised {
		if err == nil {
			err = os.NewSyscallError("prctl", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, c, 0, 0))
		}
	}
	return err
}

// raise has set put the needed capabilities that this thread may have into its sets,
// and returns them.
func raise(set func(d *unix.CapUserData, bit uint32)) (raised []uintptr, err error) {
	var s sets
	if err := unix.Capget(header(), &s[0]); err != nil {
		return nil, os.NewSyscallError("capget", err)
	}
	before := s
	for _, c := range needed {
		if d, bit := &s[c/32], uint32(1)<<(c%32); d.Permitted&bit != 0 {
			set(d, bit)
			raised = append(raised, c)
		}
	}
	if s == before {
		return raised, nil
	}
	return raised, os.NewSyscallError("capset", unix.Capset(header(), &s[0]))
}
