package check

import (
	"os"

	"golang.org/x/sys/unix"
)

func thisSystem() system { return system{open: openDevice, memlock: memlock} }

func openDevice(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// memlock is RLIMIT_MEMLOCK, which the capability IPC_LOCK lifts.
func memlock() (limit uint64, limited bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r); err != nil {
		return 0, false
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // of 32 capabilities each
	if err := unix.Capget(&header, &data[0]); err != nil || data[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0 {
		return 0, false
	}
	return r.Cur, true
}
