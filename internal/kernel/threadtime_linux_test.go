package kernel

import (
	"runtime"
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
	if _, ok := ThreadTime(nobody); ok || InvoluntarySwitches(rootfs.FS{}, nobody) != nil {
		t.Error("a thread that is not there has a clock or switches")
	}
}
