package cli

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Streams are where a command reads and writes. Results go to Out; errors,
// hints, logs and live figures go to Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// IsTerminal says that Err is a terminal, where a line may be redrawn.
	IsTerminal bool
	// Gone is closed when a reader of Out or Err has gone away; nil: never.
	Gone <-chan struct{}

	out *patient
	err *lossy
}

// SystemStreams gives the streams of the process. Their readers may go away or stop
// reading. Err then drops the text that it cannot pass on, and Out waits until a signal
// ends the command.
func SystemStreams() Streams {
	keepBrokenPipes()
	gone := make(chan struct{})
	leave := sync.OnceFunc(func() { close(gone) })
	s := Streams{
		In: os.Stdin,
		// A terminal that cannot move its cursor gets plain lines.
		IsTerminal: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
		Gone:       gone,
		out:        &patient{w: os.Stdout, gone: leave, hurried: make(chan struct{})},
		err:        newLossy(os.Stderr, leave),
	}
	s.Out, s.Err = s.out, s.err
	return s
}

// errFile is the process's own standard error; nil: Err is something else.
func (s Streams) errFile() *os.File {
	if s.err == nil {
		return nil
	}
	return os.Stderr
}

// hurry ends Out's patience with its reader.
func (s Streams) hurry() {
	if s.out != nil {
		s.out.hurry()
	}
}

// Flush gives the reader of Err a moment to read, so that what Out gets comes after it.
func (s Streams) Flush() {
	if s.err != nil {
		s.err.flush(grace)
	}
}

// grace is how long a stopping command waits for its readers.
const grace = 300 * time.Millisecond

// errNobodyReads means that the printed text stays unread.
var errNobodyReads = errors.New("nobody reads standard output")

// patient waits for its reader, until hurry is called.
type patient struct {
	w       io.Writer
	gone    func()
	once    sync.Once
	hurried chan struct{}
}

func (p *patient) hurry() { p.once.Do(func() { close(p.hurried) }) }

// Write implements io.Writer.
func (p *patient) Write(text []byte) (int, error) {
	type written struct {
		n   int
		err error
	}
	text = append([]byte(nil), text...) // the write may outlast this call
	done := make(chan written, 1)
	go func() {
		n, err := p.w.Write(text)
		done <- written{n, err}
	}()
	var late <-chan time.Time
	hurried := p.hurried
	for {
		select {
		case w := <-done:
			if errors.Is(w.err, syscall.EPIPE) {
				p.gone()
			}
			return w.n, w.err
		case <-hurried:
			hurried, late = nil, time.After(grace)
		case <-late:
			return 0, errNobodyReads
		}
	}
}

// maxPending is how many bytes wait for a reader that has stopped reading.
const maxPending = 1 << 20

// lossy never waits for its reader: it drops text that does not fit any more.
type lossy struct {
	gone func()

	mu      sync.Mutex
	pending []byte
	writing bool          // until all is written
	idle    chan struct{} // closed when it is
	more    chan struct{} // has an item if there may be something to write
}

func newLossy(w io.Writer, gone func()) *lossy {
	l := &lossy{gone: gone, more: make(chan struct{}, 1)}
	go l.run(w)
	return l
}

// Write implements io.Writer. It never fails.
func (l *lossy) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(text) == 0 || len(l.pending)+len(text) > maxPending {
		return len(text), nil
	}
	l.pending = append(l.pending, text...)
	if !l.writing {
		l.writing, l.idle = true, make(chan struct{})
		l.more <- struct{}{}
	}
	return len(text), nil
}

func (l *lossy) run(w io.Writer) {
	for range l.more {
		for text := l.take(); len(text) > 0; text = l.take() {
			if _, err := w.Write(text); errors.Is(err, syscall.EPIPE) {
				l.gone()
			}
		}
	}
}

// take gives the text to write next; empty: all is written.
func (l *lossy) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.pending
	if l.pending = nil; len(text) == 0 {
		l.writing = false
		close(l.idle)
	}
	return text
}

// flush waits until all is written, but no longer than limit.
func (l *lossy) flush(limit time.Duration) {
	l.mu.Lock()
	idle, writing := l.idle, l.writing
	l.mu.Unlock()
	if !writing {
		return
	}
	select {
	case <-idle:
	case <-time.After(limit):
	}
}
