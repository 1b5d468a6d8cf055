//go:build linux

// Package afxdpplugin plays the AF_XDP device plugin in tests: it loads a program onto a
// netdev that gives the netdev's packets to AF_XDP sockets, and serves the program's map
// over a socket. So a process without the privilege to load programs gets the packets. It
// is not a device plugin for the kubelet. Start with Load and Serve.
package afxdpplugin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// queues is how many queues the map has room for.
const queues = 64

// Device is a netdev with the plugin's program.
type Device struct {
	Netdev string

	sockets *os.File // the map: a queue's number and its AF_XDP socket
	link    *os.File // the program stays on the netdev while this is open
}

// Load loads the program onto a netdev of the calling thread's network namespace.
func Load(netdev string, index int) (*Device, error) {
	sockets, err := bpf(unix.BPF_MAP_CREATE, &struct{ kind, key, value, entries uint32 }{unix.BPF_MAP_TYPE_XSKMAP, 4, 4, queues})
	if err != nil {
		return nil, fmt.Errorf("make a map of AF_XDP sockets: %w", err)
	}
	d := &Device{Netdev: netdev, sockets: sockets}
	program, err := load(redirect(sockets))
	if err == nil {
		defer program.Close() // the link holds it
		d.link, err = bpf(unix.BPF_LINK_CREATE, &struct{ program, netdev, attach, flags uint32 }{
			uint32(program.Fd()), uint32(index), unix.BPF_XDP, 0,
		})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load the program of %s: %w", netdev, err), sockets.Close())
	}
	return d, nil
}

// Close removes the program from the netdev.
func (d *Device) Close() error { return errors.Join(d.link.Close(), d.sockets.Close()) }

// redirect is the program: a packet goes to the socket of its queue, or to the
// kernel if the queue has none.
func redirect(sockets *os.File) []byte {
	const (
		loadWord  = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W
		loadConst = unix.BPF_LD | unix.BPF_IMM | unix.BPF_DW // takes two instructions
		move      = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K
		call      = unix.BPF_JMP | unix.BPF_CALL
		exit      = unix.BPF_JMP | unix.BPF_EXIT

		queueOffset = 16 // of struct xdp_md's rx_queue_index
		redirectMap = 51 // BPF_FUNC_redirect_map
		pass        = 2  // XDP_PASS
	)
	var code []byte
	add := func(op, dst, src byte, offset int16, value int32) {
		code = append(code, op, src<<4|dst)
		code = binary.NativeEndian.AppendUint16(code, uint16(offset))
		code = binary.NativeEndian.AppendUint32(code, uint32(value))
	}
	add(loadWord, 2, 1, queueOffset, 0)
	add(loadConst, 1, unix.BPF_PSEUDO_MAP_FD, 0, int32(sockets.Fd()))
	add(0, 0, 0, 0, 0)
	add(move, 3, 0, 0, pass)
	add(call, 0, 0, 0, redirectMap)
	add(exit, 0, 0, 0, 0)
	return code
}

// load has the kernel check a program and keep it.
func load(code []byte) (*os.File, error) {
	const instruction = 8 // bytes
	license := []byte("Dual BSD/GPL\x00")
	log := make([]byte, 16<<10)
	program, err := bpf(unix.BPF_PROG_LOAD, &struct {
		kind, instructions uint32
		code, license      unsafe.Pointer
		logLevel, logSize  uint32
		log                unsafe.Pointer
	}{
		unix.BPF_PROG_TYPE_XDP, uint32(len(code) / instruction),
		unsafe.Pointer(&code[0]), unsafe.Pointer(&license[0]),
		1, uint32(len(log)), unsafe.Pointer(&log[0]),
	})
	if err != nil {
		err = fmt.Errorf("%w: %s", err, unix.ByteSliceToString(log))
	}
	return program, err
}

// bpf is the system call, of whose commands those here give a descriptor.
func bpf[T any](command uintptr, attributes *T) (*os.File, error) {
	fd, _, errno := unix.Syscall(unix.SYS_BPF, command, uintptr(unsafe.Pointer(attributes)), unsafe.Sizeof(*attributes))
	runtime.KeepAlive(attributes)
	if errno != 0 {
		return nil, errno
	}
	return os.NewFile(fd, "bpf"), nil
}
