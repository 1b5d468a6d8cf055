package check

import (
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// onThread runs f on a thread that ends with it, so that what f gives up stays there.
func onThread(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // for ever
		defer close(done)
		f()
	}()
	<-done
}

// Filters such as RuntimeDefault's, which forbid the calls by which EAL takes
// hugepages, and one that forbids a call that it does not make.
func TestLiveSeccomp(t *testing.T) {
	s := live(t, "exec")
	s.EAL.Memory = eal.Memory{NodeMiB: []int{2}}
	s.system.process.seccomp = true
	if got := s.code(t, "seccomp"); got != "" {
		t.Fatalf("without a filter: %s", got)
	}
	_, goesOn := s.libnuma()
	for _, tt := range []struct {
		name    string
		call    uint32
		allowed bool
	}{
		{"get_mempolicy", unix.SYS_GET_MEMPOLICY, goesOn},
		{"set_mempolicy", unix.SYS_SET_MEMPOLICY, false},
		{"mbind", unix.SYS_MBIND, true},
	} {
		onThread(t, func() {
			if err := forbid(tt.call); err != nil {
				t.Error(err)
				return
			}
			want := string(podnet.CodeSeccomp)
			if tt.allowed {
				want = ""
			}
			if got := s.code(t, "seccomp"); got != want {
				t.Errorf("a filter of %s: %q, want %q", tt.name, got, want)
			}
		})
	}
}

// forbid takes a system call away from this thread.
func forbid(call uint32) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x00050000 | uint32(unix.EPERM)}, // SECCOMP_RET_ERRNO
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x7fff0000},                      // SECCOMP_RET_ALLOW
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}

// Without IPC_LOCK the limit counts; a capability that is not in effect but may be raised
// lifts it.
func TestLiveMemoryLock(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &before); err != nil {
		t.Fatal(err)
	}
	low := unix.Rlimit{Cur: 64 << 10, Max: before.Max}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &low); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &before); err != nil {
			t.Error(err)
		}
	}()
	onThread(t, func() {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err := unix.Capget(&header, &data[0]); err != nil {
			t.Error(err)
			return
		}
		may := data[0].Permitted&(1<<unix.CAP_IPC_LOCK) != 0
		data[0].Effective &^= 1 << unix.CAP_IPC_LOCK
		if err := unix.Capset(&header, &data[0]); err != nil {
			t.Error(err)
			return
		}
		if limit, limited := memlock(); limited == may {
			t.Errorf("IPC_LOCK may be raised: %t; limit %d, %t", may, limit, limited)
		}
		data[0].Permitted &^= 1 << unix.CAP_IPC_LOCK
		if err := unix.Capset(&header, &data[0]); err != nil {
			t.Error(err)
			return
		}
		if limit, limited := memlock(); !limited || limit != 64<<10 {
			t.Errorf("limit %d, %t", limit, limited)
		}
	})
}

// DPDK's memory without a mount, of a size that there is and of one that there is not.
func TestLiveMemfd(t *testing.T) {
	if err := memfd(1 << 50); err == nil {
		t.Error("a page of 1 PiB")
	}
	_, err := os.Stat("/sys/kernel/mm/hugepages/hugepages-2048kB")
	if got := memfd(2 << 20); (got == nil) != (err == nil) {
		t.Errorf("memfd of 2 MiB pages: %v, and sysfs: %v", got, err)
	}
}

// onHugetlbfs is a live subject whose files are to lie in dir.
func onHugetlbfs(t *testing.T) (s *Subject, dir string) {
	t.Helper()
	dir = shortDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s = live(t, "exec")
	s.EAL.MultiProcess = true
	s.Pod.Hugepages = []podnet.Hugepages{{Size: "2Mi", Mount: dir}}
	return s, dir
}

// A hugetlbfs that belongs to another user is no place for our files.
func TestLiveHugetlbfs(t *testing.T) {
	s, _ := onHugetlbfs(t)
	if got := s.code(t, "hugetlbfs"); got != "" {
		t.Errorf("own: %s", got)
	}
	if os.Geteuid() != 0 {
		t.Skip("to become another user needs root")
	}
	s.system.process.uid, s.system.process.gid, s.system.process.groups, s.system.process.held = 65534, 65534, nil, 0
	s.system.access = s.system.accessOf
	if got := s.code(t, "hugetlbfs"); got != string(podnet.CodeUnreadable) {
		t.Errorf("another's: %q", got)
	}
}
