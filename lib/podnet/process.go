package podnet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// container gives the files of the container that the options name.
func (o Options) container() (rootfs.FS, error) {
	if o.PID != 0 && o.Root != "" && o.Root != "/" {
		return rootfs.FS{}, problemf(CodeBadOption, "give one of them", "a process and a root are given")
	}
	root, err := rootfs.Container(o.Root, o.PID)
	if live, ok := errors.AsType[*rootfs.LiveError](err); ok {
		remedy := "leave it out: it is this process's own (--pid N names another process)"
		switch _, err := strconv.Atoi(live.PID); {
		case err == nil:
			remedy = "name the process itself instead (--pid " + live.PID + ")"
		case live.PID == "":
			remedy = "name a process of the container instead (--pid N)"
		}
		return rootfs.FS{}, problemf(CodeBadOption, remedy,
			"%s is the root of a running process: read through it, the CPUs and control groups would be the reader's", live.Dir)
	}
	switch {
	case err == nil:
		return root, nil
	case errors.Is(err, rootfs.ErrNoProcess):
		return root, problemf(CodeNotPresent, "see that the debug container shares the target's processes (kubectl debug --target), and its number there with ps", "%v", err)
	case o.PID != 0 && errors.Is(err, fs.ErrPermission):
		return root, o.forbidden(err)
	}
	return root, fmt.Errorf("root: %w", err)
}

// forbidden says what to do where the kernel keeps a process's files to itself.
func (o Options) forbidden(err error) error {
	return problemf(CodeUnreadable, "run as the process's user, or as root with the capability SYS_PTRACE (kubectl debug --profile=sysadmin)", "%v", err)
}

// environ gives the environment: the caller's, the process's, or this process's own.
func (o Options) environ(root rootfs.FS) ([]string, error) {
	switch {
	case o.Environ != nil:
		return o.Environ, nil
	case o.PID == 0:
		return os.Environ(), nil
	}
	data, err := root.ReadFile("/proc/self/environ", MaxEnviron)
	if errors.Is(err, fs.ErrPermission) {
		return nil, o.forbidden(fmt.Errorf("process %d: its environment cannot be read: %w", o.PID, err))
	}
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", o.PID, err)
	}
	environ, err := ParseEnviron(data)
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", o.PID, err)
	}
	return environ, nil
}
