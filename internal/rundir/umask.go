//go:build unix

package rundir

import "golang.org/x/sys/unix"

// LetGroupConnect has the process make its sockets writable for their group, which
// those who connect need: DPDK makes them by the umask, whose usual value keeps the
// group's right back. In the directory of a pod's volume the group is that of its
// fsGroup; a vSwitch that is not root connects as a member of it.
func LetGroupConnect() { unix.Umask(unix.Umask(0o077) &^ 0o070) }
