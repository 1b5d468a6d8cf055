//go:build cgo && !nodpdk

package dpdk

import (
	"bufio"
	"os"
	"strings"
	"syscall"
	"time"
)

// logPipe is a pipe that DPDK's threads write their log lines to, so that none of them
// ever waits for Go. It stays open as long as the process, because they can log at any
// time.
type logPipe struct {
	read    *os.File
	writeFD int
	synced  chan struct{}
}

func newLogPipe() (*logPipe, error) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		return nil, err
	}
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			return nil, err
		}
	}
	return &logPipe{read: os.NewFile(uintptr(fds[0]), "dpdk log"), writeFD: fds[1], synced: make(chan struct{}, 1)}, nil
}

// run hands what comes out of the pipe to log, record by record: a digit, the
// text and a zero.
func (p *logPipe) run(log func(level byte, text string)) {
	for r := bufio.NewReader(p.read); ; {
		record, err := r.ReadString(0)
		if err != nil {
			return
		}
		record = strings.TrimRight(record, "\x00\n ")
		if record == "" { // flush's
			p.synced <- struct{}{}
			continue
		}
		log(record[0], record[1:])
	}
}

// flush waits until all that is in the pipe has been handed on. It writes an
// empty record, for which a full pipe has no room.
func (p *logPipe) flush() {
	if n, _ := syscall.Write(p.writeFD, []byte{0}); n != 1 {
		return
	}
	select {
	case <-p.synced:
	case <-time.After(time.Second):
	}
}
