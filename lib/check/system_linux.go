package check

import (
	"io/fs"
	"math/bits"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ask makes the system ask this process.
func (s *system) ask() {
	s.open, s.memlock, s.memfd, s.mempolicy, s.probe = openDevice, memlock, memfd, mempolicy, probeSocket
	s.access, s.locked = s.root.Access, locked
}

func openDevice(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// memlock is RLIMIT_MEMLOCK, which the capability IPC_LOCK lifts: what the process may
// raise counts, because podnet's commands raise it before DPDK starts.
func memlock() (limit uint64, limited bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r); err != nil {
		return 0, false
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // of 32 capabilities each
	if err := unix.Capget(&header, &data[0]); err != nil || (data[0].Effective|data[0].Permitted)&(1<<unix.CAP_IPC_LOCK) != 0 {
		return 0, false
	}
	return r.Cur, r.Cur != unix.RLIM_INFINITY
}

// memfd makes a file of hugepages without a page in it, and lets go of it.
func memfd(pageSize uint64) error {
	log := bits.TrailingZeros64(pageSize)
	fd, err := unix.MemfdCreate("podnet-check", unix.MFD_CLOEXEC|unix.MFD_HUGETLB|log<<unix.MFD_HUGE_SHIFT)
	if err != nil {
		return os.NewSyscallError("memfd_create", err)
	}
	return unix.Close(fd)
}

// mempolicy makes the calls by which EAL takes hugepages of a NUMA node: it asks for
// the policy of this thread, and sets one that there is not.
func mempolicy() error {
	var mode int
	if _, _, errno := unix.Syscall6(unix.SYS_GET_MEMPOLICY, uintptr(unsafe.Pointer(&mode)), 0, 0, 0, 0, 0); errno != 0 {
		return os.NewSyscallError("get_mempolicy", errno)
	}
	const none = 0xff
	if _, _, errno := unix.Syscall(unix.SYS_SET_MEMPOLICY, none, 0, 0); errno != 0 && errno != unix.EINVAL {
		return os.NewSyscallError("set_mempolicy", errno)
	}
	return nil
}

// locked asks for the lock that EAL takes on its configuration, and takes none.
func locked(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	return unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock) == nil && lock.Type != unix.F_UNLCK
}

// owner gives a file's user and group.
func owner(info fs.FileInfo) (uid, gid int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}
