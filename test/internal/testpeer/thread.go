//go:build linux

package testpeer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"
)

// Thread is one thread of a process.
type Thread struct {
	PID, TID int
	Name     string        // its comm
	CPUs     cpuset.CPUSet // its affinity
}

// Threads lists the threads of a process.
func Threads(pid int) ([]Thread, error) {
	dirs, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*", pid))
	if err != nil {
		return nil, err
	}
	var threads []Thread
	for _, dir := range dirs {
		status, err := os.ReadFile(filepath.Join(dir, "status"))
		if err != nil {
			continue // ended since
		}
		t := Thread{PID: pid}
		if t.TID, err = strconv.Atoi(filepath.Base(dir)); err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(status)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
			switch key {
			case "Name":
				t.Name = value
			case "Cpus_allowed_list":
				if t.CPUs, err = cpuset.Parse(value); err != nil {
					return nil, fmt.Errorf("%s/status: %w", dir, err)
				}
			}
		}
		threads = append(threads, t)
	}
	if len(threads) == 0 {
		return nil, fmt.Errorf("process %d has no threads", pid)
	}
	return threads, nil
}

// RaisePriority raises the priority of this process and of all processes that it starts
// from now on. It needs privilege.
func RaisePriority() error {
	const nice = -10
	threads, err := Threads(os.Getpid())
	for _, t := range threads {
		err = errors.Join(err, unix.Setpriority(unix.PRIO_PROCESS, t.TID, nice))
	}
	return err
}

// Worker reports whether the thread is an lcore other than the main one. EAL names it
// rte-worker-1 in DPDK 22.11 and dpdk-worker1 in 24.11.
func (t Thread) Worker() bool { return strings.Contains(t.Name, "-worker") }

// CPUTime is the time for which the thread has run.
func (t Thread) CPUTime() (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/task/%d/schedstat", t.PID, t.TID)
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return time.Duration(ns), nil
}
