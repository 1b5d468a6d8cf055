package fabric

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// session is the coordinator's connection to an agent.
type session struct {
	wire   *wire
	hello  hello
	timing Timing

	mu      sync.Mutex
	answers map[uint64]chan message // by the task's id
	heard   time.Time               // when the last message came
	loss    *result.FabricMissing   // why it has ended

	gone chan struct{} // closed when it has ended
}

func newSession(w *wire, h hello, t Timing) *session {
	return &session{wire: w, hello: h, timing: t, answers: make(map[uint64]chan message), heard: time.Now(), gone: make(chan struct{})}
}

// end ends the session, for the first reason that is given.
func (s *session) end(code result.FabricCode, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loss == nil {
		s.loss = missing(code, s.hello.Pod, text)
		close(s.gone)
		_ = s.wire.conn.Close()
	}
}

// missing is a reason that is about a pod.
func missing(code result.FabricCode, p Pod, text string) *result.FabricMissing {
	name := p.Node
	if name == "" {
		name = fmt.Sprintf("index %d", p.Index)
	}
	if p.Pod != "" {
		name += " (pod " + p.Pod + ")"
	}
	return &result.FabricMissing{Code: code, Node: &p.Index, Text: name + " " + text}
}

// reason is why the session has ended.
func (s *session) reason() *result.FabricMissing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loss
}

// read hands each answer to whoever waits for it, until the session ends.
func (s *session) read() {
	for {
		m, err := s.wire.receive(time.Now().Add(s.timing.Silent))
		if err != nil {
			s.end(s.lost(err))
			return
		}
		var id uint64
		switch {
		case m.Ready != nil:
			id = *m.Ready
		case m.Generated != nil:
			id = m.Generated.ID
		case m.Reflected != nil:
			id = m.Reflected.ID
		}
		s.mu.Lock()
		s.heard = time.Now()
		select {
		case s.answers[id] <- m: // a nil channel, of no task, takes nothing
		default: // too late, or too many
		}
		s.mu.Unlock()
	}
}

// lost says what an error of the connection means.
func (s *session) lost(err error) (code result.FabricCode, text string) {
	if isTimeout(err) {
		return result.FabricPartitioned, fmt.Sprintf("was not heard of for %v, and its connection did not end", s.timing.Silent)
	}
	return result.FabricDead, fmt.Sprintf("ended its connection (%v)", err)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// open makes room for the answers about a task, which close takes away.
func (s *session) open(id uint64) <-chan message {
	answers := make(chan message, 2)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[id] = answers
	return answers
}

func (s *session) close(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, id)
}

// ask sends a message and waits for the next answer about its task. A pod that does not
// answer in time is given up.
func (s *session) ask(ctx context.Context, m message, answers <-chan message, within time.Duration) (message, *result.FabricMissing) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	if err := s.wire.send(m, time.Now().Add(within)); err != nil {
		s.end(s.lost(err))
	}
	select {
	case got := <-answers:
		return got, nil
	case <-s.gone:
	case <-timer.C:
		s.mu.Lock()
		silent := time.Since(s.heard)
		s.mu.Unlock()
		if silent > s.timing.Beat+s.timing.Beat/2 {
			s.end(result.FabricPartitioned, fmt.Sprintf("did not answer within %v, and was not heard of", within))
		} else {
			s.end(result.FabricHung, fmt.Sprintf("did not answer within %v, though it was connected", within))
		}
	case <-ctx.Done():
		return message{}, &result.FabricMissing{Code: result.FabricStopped, Text: "the run was stopped meanwhile"}
	}
	select { // what came just before the end
	case got := <-answers:
		return got, nil
	default:
		return message{}, s.reason()
	}
}
