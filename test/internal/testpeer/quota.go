//go:build linux

package testpeer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Quota is a control group that lets processes have a part of a CPU, as a
// container's limit does.
type Quota struct{ dir, parent string }

var quotas atomic.Int64

// NewQuota makes a group of version 1, or else of 2, that has this much of a CPU in
// percent.
func NewQuota(percent int) (*Quota, error) {
	const period = 100_000
	q := &Quota{parent: "/sys/fs/cgroup/cpu"}
	file, text := "cpu.cfs_quota_us", fmt.Sprint(percent*period/100)
	if _, err := os.Stat(q.parent); err != nil {
		q.parent = "/sys/fs/cgroup"
		file, text = "cpu.max", fmt.Sprint(percent*period/100, " ", period)
		// It may be on already, and cannot be set below a group with processes.
		_ = os.WriteFile(filepath.Join(q.parent, "cgroup.subtree_control"), []byte("+cpu"), 0o644)
	}
	q.dir = filepath.Join(q.parent, fmt.Sprintf("podnet-test-%d-%d", os.Getpid(), quotas.Add(1)))
	if err := os.Mkdir(q.dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(q.dir, file), []byte(text), 0o644); err != nil {
		q.Remove()
		return nil, err
	}
	return q, nil
}

// Procs is the group's file of processes: to write a process's id moves it into the group.
func (q *Quota) Procs() string { return filepath.Join(q.dir, "cgroup.procs") }

// Limit moves a process into the group.
func (q *Quota) Limit(pid int) error {
	return os.WriteFile(q.Procs(), []byte(strconv.Itoa(pid)), 0o644)
}

// Remove gives the processes back to the parent. One that has just ended is in no group,
// and keeps this one busy until somebody has waited for it.
func (q *Quota) Remove() {
	for range 100 {
		procs, _ := os.ReadFile(q.Procs())
		for line := range strings.FieldsSeq(string(procs)) {
			_ = os.WriteFile(filepath.Join(q.parent, "cgroup.procs"), []byte(line), 0o644)
		}
		if err := os.Remove(q.dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
