package kernel

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// A thread's own clock is up to date whenever it is read.
func TestThreadTime(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tid := unix.Gettid()
	before, ok := ThreadTime(tid)
	if !ok {
		t.Fatal("the running thread has no clock")
	}
	for end := time.Now().Add(10 * time.Second); ; {
		now, ok := ThreadTime(tid)
		if !ok || now < before {
			t.Fatalf("%v after %v, %t", now, before, ok)
		}
		if now > before+time.Millisecond {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the clock of a busy thread stands still")
		}
	}
	if InvoluntarySwitches(rootfs.FS{}, tid) == nil {
		t.Error("the running thread has no switches")
	}
	const nobody = 1 << 22 // more than the kernel gives out
	for _, tid := range []int{nobody, 0, -1} {
		if _, ok := ThreadTime(tid); ok || InvoluntarySwitches(rootfs.FS{}, tid) != nil || ThreadName(rootfs.FS{}, tid) != "" {
			t.Errorf("thread %d, which is not there, has a clock, switches or a name", tid)
		}
	}
}

func TestThreads(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	list, err := Threads(rootfs.FS{})
	if err != nil || !slices.Contains(list, unix.Gettid()) || !slices.Contains(list, os.Getpid()) {
		t.Errorf("threads %v, %v, want this one and the first", list, err)
	}
	comm, err := os.ReadFile("/proc/self/comm")
	if got := ThreadName(rootfs.FS{}, os.Getpid()); err != nil || got+"\n" != string(comm) {
		t.Errorf("name %q, want %q, %v", got, comm, err)
	}
	root := tree(t, map[string]string{"proc/self/task/7/comm": "a b\n", "proc/self/task/x/comm": "c\n"})
	if list, err := Threads(root); err != nil || !slices.Equal(list, []int{7}) || ThreadName(root, 7) != "a b" {
		t.Errorf("below a root: %v, %v", list, err)
	}
	if _, err := Threads(tree(t, nil)); err == nil {
		t.Error("no error where there is no /proc")
	}
}
