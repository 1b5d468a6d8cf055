package rootfs

import "syscall"

// procMagic is PROC_SUPER_MAGIC of statfs(2).
const procMagic = 0x9fa0

// isProc tells whether a directory is one of the kernel's file system of processes.
func isProc(dir string) bool {
	var info syscall.Statfs_t
	return syscall.Statfs(dir, &info) == nil && info.Type == procMagic
}
