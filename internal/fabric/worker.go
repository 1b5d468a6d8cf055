package fabric

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// worker carries out an agent's tasks during one session.
type worker struct {
	agent  *Agent
	wire   *wire
	run    string
	timing Timing
	ctx    context.Context // the session's
	cancel context.CancelFunc
	jobs   sync.WaitGroup

	mu         sync.Mutex
	reflecting *job // nil: it does not
	generating bool
}

// job is a task that the pod reflects.
type job struct {
	id   uint64
	stop chan struct{} // closed when it is to end
}

func newWorker(ctx context.Context, a *Agent, w *wire, run string, t Timing) *worker {
	own, cancel := context.WithCancel(ctx)
	return &worker{agent: a, wire: w, run: run, timing: t, ctx: own, cancel: cancel}
}

// close ends all tasks, and tells whether they ended in time.
func (w *worker) close(within time.Duration) bool {
	w.cancel()
	ended := make(chan struct{})
	go func() {
		w.jobs.Wait()
		close(ended)
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}

// answer sends what came of a task. When the connection fails, follow notices.
func (w *worker) answer(m message) { _ = w.wire.send(m, time.Now().Add(w.timing.Answer)) }

// refuses says why the pod does not carry out a task in which it is this end; nil: it does.
func (w *worker) refuses(t Task, own End, busy bool) error {
	switch {
	case t.Run != w.run:
		return fmt.Errorf("%w: the task is of run %.40q, and this is %s", ErrRefused, t.Run, w.run)
	case own.Index != w.agent.Pod.Index:
		return fmt.Errorf("%w: the task is for index %d, and this is %d", ErrRefused, own.Index, w.agent.Pod.Index)
	case own.Rail < 0 || own.Rail >= len(w.agent.Path.Rails()):
		return fmt.Errorf("%w: there is no rail %d", ErrRefused, own.Rail)
	case busy:
		return fmt.Errorf("%w: another task has not ended", ErrRefused)
	}
	return nil
}

// failureOf is what the coordinator hears of an error.
func failureOf(err error) *failure {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRefused):
		return &failure{result.FabricRefused, err.Error()}
	}
	return &failure{result.FabricFailed, err.Error()}
}

func (w *worker) reflect(t Task) {
	w.mu.Lock()
	busy := w.reflecting != nil || w.generating && !t.OneWay
	err := w.refuses(t, t.To, busy)
	j := &job{t.ID, make(chan struct{})}
	if err == nil {
		w.reflecting = j
	}
	w.mu.Unlock()
	if err != nil {
		w.answer(message{Reflected: &reflected{ID: t.ID, Failure: failureOf(err)}})
		return
	}
	w.jobs.Go(func() {
		ready := func() { w.answer(message{Ready: &t.ID}) }
		counted, err := w.agent.Path.Reflect(w.ctx, t, sync.OnceFunc(ready), j.stop)
		w.mu.Lock()
		w.reflecting = nil
		w.mu.Unlock()
		if w.ctx.Err() == nil {
			w.answer(message{Reflected: &reflected{ID: t.ID, Reflected: counted, Failure: failureOf(err)}})
		}
	})
}

func (w *worker) generate(t Task) {
	w.mu.Lock()
	busy := w.generating || w.reflecting != nil && !t.OneWay
	err := w.refuses(t, t.From, busy)
	w.generating = w.generating || err == nil
	w.mu.Unlock()
	if err != nil {
		w.answer(message{Generated: &generated{ID: t.ID, Failure: failureOf(err)}})
		return
	}
	w.jobs.Go(func() {
		counted, err := w.agent.Path.Generate(w.ctx, t)
		w.mu.Lock()
		w.generating = false
		w.mu.Unlock()
		if w.ctx.Err() == nil {
			w.answer(message{Generated: &generated{ID: t.ID, Generated: counted, Failure: failureOf(err)}})
		}
	})
}

// stop ends the reflecting of a task.
func (w *worker) stop(id uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j := w.reflecting; j != nil && j.id == id {
		select {
		case <-j.stop:
		default:
			close(j.stop)
		}
	}
}
