package dpdk

import (
	"bufio"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// logReader takes DPDK's log out of a pipe, so that no thread of DPDK ever waits
// for Go. The pipe stays open as long as the process: DPDK's threads may log at
// any time.
type logReader struct {
	pipe   logPipe
	synced chan struct{}

	mu     sync.Mutex
	errors []string // since they were last taken
}

// maxErrors is how many lines an error quotes: DPDK says first what failed and
// then, layer by layer, that something did.
const maxErrors = 4

func newLogReader(log *slog.Logger) (*logReader, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p, err := newLogPipe()
	if err != nil {
		return nil, err
	}
	l := &logReader{pipe: p, synced: make(chan struct{}, 1)}
	go l.run(log)
	return l, nil
}

func (l *logReader) run(log *slog.Logger) {
	for r := bufio.NewReader(l.pipe.read); ; {
		record, err := r.ReadString(0)
		if err != nil {
			return
		}
		record = strings.TrimRight(record, "\x00\n ")
		if record == "" { // sync's
			l.synced <- struct{}{}
			continue
		}
		level, text := logLevel(record[0]), record[1:]
		if level >= slog.LevelError {
			l.mu.Lock()
			if len(l.errors) < maxErrors {
				l.errors = append(l.errors, text)
			}
			l.mu.Unlock()
		}
		log.Log(context.Background(), level, text, "from", "dpdk")
	}
}

// logLevel translates the digit of RTE_LOG_EMERG (1) to RTE_LOG_DEBUG (8).
func logLevel(digit byte) slog.Level {
	switch {
	case digit <= '4':
		return slog.LevelError
	case digit == '5':
		return slog.LevelWarn
	case digit <= '7':
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// takeErrors returns what DPDK logged as errors since the last call, in one
// line. It first waits until all that is in the pipe has been read.
func (l *logReader) takeErrors() string {
	if l.pipe.mark() {
		select {
		case <-l.synced:
		case <-time.After(time.Second):
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.Join(l.errors, "; ")
	l.errors = nil
	return text
}
