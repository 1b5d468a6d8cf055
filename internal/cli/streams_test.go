package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a reader that stands still until it is released.
type stuck struct {
	release chan struct{}
	bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.release
	return s.Buffer.Write(p)
}

// broken is the end of a pipe whose reader has gone away.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestStreamsThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &stuck{release: make(chan struct{})}
		l := newLossy(w, func() { t.Error("the reader is there") })
		defer close(l.more)
		for range 3 * maxPending / 10 {
			if n, err := io.WriteString(l, "0123456789"); n != 10 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		begin := time.Now()
		l.flush(grace)
		if took := time.Since(begin); took != grace {
			t.Errorf("waited %s for the reader", took)
		}
		close(w.release)
		l.flush(time.Hour)
		// The text that is being written counts beside the text that waits.
		if n := w.Len(); n < maxPending || n > 2*maxPending || !strings.HasPrefix(w.String(), "0123456789") {
			t.Errorf("%d bytes are kept for a reader that comes back, want %d to %d", n, maxPending, 2*maxPending)
		}
		_, _ = io.WriteString(l, "end")
		l.flush(time.Hour)
		if !strings.HasSuffix(w.String(), "9end") {
			t.Error("what is written after a pause is lost")
		}
	})
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &stuck{release: make(chan struct{})}
		p := &patient{w: w, gone: func() { t.Error("the reader is there") }, hurried: make(chan struct{})}
		time.AfterFunc(time.Hour, func() { w.release <- struct{}{} })
		if n, err := io.WriteString(p, "slowly"); n != 6 || err != nil || w.String() != "slowly" {
			t.Errorf("a slow reader got %q: %v", w.String(), err)
		}
		begin := time.Now()
		time.AfterFunc(time.Minute, p.hurry)
		if _, err := io.WriteString(p, "never"); !errors.Is(err, errNobodyReads) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took != time.Minute+grace {
			t.Errorf("waited %s", took)
		}
		close(w.release)
	})
}

func TestReaderThatIsGone(t *testing.T) {
	gone := make(chan string, 1)
	l := newLossy(broken{}, func() { gone <- "err" })
	defer close(l.more)
	_, _ = io.WriteString(l, "x")
	if who := <-gone; who != "err" {
		t.Error(who)
	}
	p := &patient{w: broken{}, gone: func() { gone <- "out" }, hurried: make(chan struct{})}
	if _, err := io.WriteString(p, "x"); !errors.Is(err, syscall.EPIPE) || <-gone != "out" {
		t.Errorf("error %v", err)
	}
}

func TestOneLine(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	if got := OneLine(errors.Join(a, errors.Join(b, a), a)); got != "a; b" {
		t.Errorf("%q", got)
	}
}
