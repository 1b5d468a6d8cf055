package dpdk

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// logBook passes DPDK's log on, and keeps its errors until one of our errors
// quotes them.
type logBook struct {
	log *slog.Logger

	mu     sync.Mutex
	errors []string // since they were last taken
}

// maxErrors is how many lines an error quotes. DPDK's first line names the failure; the
// lines after it repeat, layer by layer, that something failed.
const maxErrors = 4

func newLogBook(log *slog.Logger) *logBook {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &logBook{log: log}
}

// memifRefusal begins the line in which the memif driver logs, at level info, why its peer
// refuses it.
const memifRefusal = "Disconnect received: "

// record takes what DPDK logs.
func (l *logBook) record(digit byte, text string) {
	level := logLevel(digit)
	if level >= slog.LevelError || strings.Contains(text, memifRefusal) {
		l.mu.Lock()
		if len(l.errors) < maxErrors && !slices.Contains(l.errors, text) {
			l.errors = append(l.errors, text)
		}
		l.mu.Unlock()
	}
	l.log.Log(context.Background(), level, text, "from", "dpdk")
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
// line.
func (l *logBook) takeErrors() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.Join(l.errors, "; ")
	l.errors = nil
	return text
}
