package check

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"syscall"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// Permissions to ask for, as access(2) has them.
const (
	mayRead   = 4
	mayWrite  = 2
	maySearch = 1
)

// system has the questions that checks ask the machine and the process. A function is nil
// if there is no answer, because the files are a copy or the process is another one.
type system struct {
	root    rootfs.FS
	process process

	// open tries to open a device node for reading and writing.
	open func(name string) error
	// access tells why a path may not be used in these ways.
	access func(name string, want uint32) error
	// memlock is how much memory the process may lock; limited is false if there
	// is no limit, or it is not known.
	memlock func() (limit uint64, limited bool)
	// memfd tries to make a file of hugepages of a size in bytes, as DPDK does.
	memfd func(pageSize uint64) error
	// mempolicy asks for the NUMA policy of memory, as DPDK does.
	mempolicy func() error
	// probe asks for a Unix socket as probeSocket does.
	probe func(name string) error
	// locked tells whether a process holds EAL's lock on a file.
	locked func(name string) bool
}

// process is what the kernel says of the process that is to run DPDK.
type process struct {
	known    bool
	uid, gid int
	groups   []int
	umask    uint32
	held     uint64 // capabilities in effect
	raisable uint64 // those that it may raise
	seccomp  bool   // a filter is on
}

// readProcess reads status. A line that is absent or malformed leaves its zero.
func readProcess(root rootfs.FS) process {
	text, err := root.ReadFile(kernel.ProcStatus, rootfs.MaxSmall)
	if err != nil {
		return process{}
	}
	field := func(name string) string { value, _ := kernel.Field(string(text), name); return value }
	ids := func(name string) (ids []int) {
		for _, word := range fields(field(name)) {
			if id, err := strconv.Atoi(word); err == nil {
				ids = append(ids, id)
			}
		}
		return ids
	}
	p := process{known: field("CapEff") != "", groups: ids("Groups"), seccomp: field("Seccomp") == "2"}
	if list := ids("Uid"); len(list) > 1 {
		p.uid = list[1] // the effective one
	}
	if list := ids("Gid"); len(list) > 1 {
		p.gid = list[1]
	}
	if n, err := strconv.ParseUint(field("Umask"), 8, 32); err == nil {
		p.umask = uint32(n)
	}
	p.held, _ = strconv.ParseUint(field("CapEff"), 16, 64)
	p.raisable, _ = strconv.ParseUint(field("CapPrm"), 16, 64)
	return p
}

// capability is a number of linux/capability.h.
type capability struct {
	bit  uint
	name string // as a pod's securityContext has it
}

var (
	dacOverride = capability{1, "DAC_OVERRIDE"}
	netAdmin    = capability{12, "NET_ADMIN"}
	netRaw      = capability{13, "NET_RAW"}
	ipcLock     = capability{14, "IPC_LOCK"}
	sysNice     = capability{23, "SYS_NICE"}
)

func (p process) has(c capability) bool { return p.held>>c.bit&1 == 1 }

// mayRaise tells whether podnet's commands raise the capability before DPDK starts.
func (p process) mayRaise(c capability) bool {
	return (c == ipcLock || c == netRaw) && p.raisable>>c.bit&1 == 1
}

// permits tells whether the process may use a file in these ways, by the file's
// mode and owner.
func (p process) permits(info fs.FileInfo, want uint32) error {
	uid, gid, ok := owner(info)
	switch {
	case !ok, p.has(dacOverride):
		return nil
	}
	mode := uint32(info.Mode().Perm())
	switch {
	case uid == p.uid:
		mode >>= 6
	case gid == p.gid || contains(p.groups, gid):
		mode >>= 3
	}
	if mode&want != want {
		return syscall.EACCES
	}
	return nil
}

// accessOf is access for another process: it can only look at its files. A
// read-only file system is so for everybody.
func (s *system) accessOf(name string, want uint32) error {
	info, err := s.root.Stat(name)
	if err != nil {
		return err
	}
	if err := s.root.Access(name, mayWrite); want&mayWrite != 0 && errors.Is(err, syscall.EROFS) {
		return err
	}
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if parent, err := s.root.Stat(dir); err == nil {
			if err := s.process.permits(parent, maySearch); err != nil {
				return &fs.PathError{Op: "access", Path: dir, Err: err}
			}
		}
		if dir == "/" || dir == "." {
			break
		}
	}
	if err := s.process.permits(info, want); err != nil {
		return &fs.PathError{Op: "access", Path: name, Err: err}
	}
	return nil
}

// newSystem gives what can be asked of the container of the options.
func newSystem(o Options) (system, error) {
	root, err := rootfs.Container(o.Root, o.PID)
	if err != nil {
		return system{}, err
	}
	s := system{root: root, process: readProcess(root)}
	switch {
	case o.PID != 0:
		s.access = s.accessOf
		s.open = func(name string) error { return s.accessOf(name, mayRead|mayWrite) }
		s.memlock = func() (uint64, bool) { return s.limitOf("Max locked memory") }
	case o.Root == "" || o.Root == "/":
		s.ask()
	}
	return s, nil
}

// limitOf reads the soft limit of that name in limits.
func (s *system) limitOf(name string) (uint64, bool) {
	text, err := s.root.ReadFile("/proc/self/limits", rootfs.MaxSmall)
	if err != nil || s.process.has(ipcLock) || s.process.mayRaise(ipcLock) {
		return 0, false
	}
	return limit(string(text), name)
}
