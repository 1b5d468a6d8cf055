package dpdk

import (
	"os"
	"syscall"
)

// logPipe is a pipe of which C writes one end.
type logPipe struct {
	read    *os.File
	writeFD int
}

func newLogPipe() (logPipe, error) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		return logPipe{}, err
	}
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			return logPipe{}, err
		}
	}
	return logPipe{read: os.NewFile(uintptr(fds[0]), "dpdk log"), writeFD: fds[1]}, nil
}

// mark writes an empty record; false if the pipe is full.
func (p logPipe) mark() bool {
	n, _ := syscall.Write(p.writeFD, []byte{0})
	return n == 1
}
