//go:build e2e

package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// throttle gives the command a tenth of a CPU for a while, where this machine lets us
// make control groups; else it stands still instead.
func (r *round) throttle() {
	group, err := newGroup(r.n)
	if err == nil {
		defer group.remove()
		err = group.limit(r.subject.PID)
	}
	if err != nil {
		r.Logf("no CPU quota here: %v", err)
		r.stop()
		return
	}
	end := r.note("the command has a tenth of a CPU")
	time.Sleep(r.between(200*time.Millisecond, time.Second))
	end()
	r.slow = true
}

// group is a control group for CPU time.
type group struct {
	dir, parent string
	quota       map[string]string // files and what to write, in version 1 or 2
}

func newGroup(n int) (*group, error) {
	g := &group{parent: "/sys/fs/cgroup/cpu", quota: map[string]string{"cpu.cfs_quota_us": "10000"}}
	if _, err := os.Stat(g.parent); err != nil {
		g.parent, g.quota = "/sys/fs/cgroup", map[string]string{"cpu.max": "10000 100000"}
	}
	g.dir = filepath.Join(g.parent, fmt.Sprintf("podnet-chaos-%d-%d", os.Getpid(), n))
	return g, os.Mkdir(g.dir, 0o755)
}

// limit moves a process into the group.
func (g *group) limit(pid int) error {
	for file, text := range g.quota {
		if err := os.WriteFile(filepath.Join(g.dir, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(g.dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
}

// remove gives the processes back to the parent.
func (g *group) remove() {
	procs, err := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	for line := range strings.FieldsSeq(string(procs)) {
		err = errors.Join(err, os.WriteFile(filepath.Join(g.parent, "cgroup.procs"), []byte(line), 0o644))
	}
	_ = errors.Join(err, os.Remove(g.dir)) // a process that has just ended is in no group
}
