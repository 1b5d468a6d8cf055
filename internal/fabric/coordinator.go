package fabric

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// Coordinator hands out the rounds of a run, and collects what comes of them.
type Coordinator struct {
	Config  Config
	Timing  Timing
	Token   Token
	Version string       // of testpmd-wrapper
	State   State        // nil: a restart begins again
	Job     string       // uid of the Job: the state of another one is not gone on with
	Log     *slog.Logger // nil: nothing is logged
	// Progress, if not nil, is called when pods are waited for and after each round.
	Progress func(Progress)

	current atomic.Pointer[run] // for SoFar; nil: there is none yet
}

// Progress says where a run is.
type Progress struct {
	Present int // pods that are there
	Nodes   int // that were planned
	Round   int // that has ended, from 1; 0: pods are still waited for
	Rounds  int // of the schedule; higher ones make up for missed pairs
	// Left is how long the rest of the schedule takes without a failure.
	Left  time.Duration
	Pairs []result.FabricPair // the round's results
}

// ErrNoRails means that no pod has a fast interface.
var ErrNoRails = errors.New("no pod has a fast interface: see what each was given with testpmd-wrapper inspect")

// Run waits for the pods on the listener, which it closes, and goes through the schedule.
// When ctx ends before, the document says so, and the next Run with the same State goes on
// after the last whole round.
func (c *Coordinator) Run(ctx context.Context, listener net.Listener) (result.Fabric, error) {
	r, saved, err := c.begin()
	if err != nil {
		return result.Fabric{}, errors.Join(err, listener.Close())
	}
	c.current.Store(r)
	serving, cancel := context.WithCancelCause(ctx)
	var served sync.WaitGroup
	g := gate{token: c.Token, admit: func(w *wire) { r.admit(serving, w) }}
	served.Go(func() { cancel(g.serve(serving, listener)) })
	defer func() {
		cancel(nil)
		served.Wait()
	}()

	if err := r.start(serving, saved); err != nil {
		if errors.Is(err, ErrNoRails) || errors.Is(err, ErrTooLarge) { // there is nothing that the pods could wait for
			r.goodbye(serving)
		}
		return result.Fabric{}, err
	}
	r.roster.afford(r.plan().Seconds)
	r.schedule(serving)
	if serving.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("the listener failed: %w", context.Cause(serving))
	}
	doc := r.document(ctx.Err() == nil && err == nil)
	if doc.Complete {
		r.goodbye(serving)
	}
	return doc, err
}

// begin makes a run, or takes over the one that was kept.
func (c *Coordinator) begin() (*run, *Saved, error) {
	if err := c.Config.Check(); err != nil {
		return nil, nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	r := &run{
		Coordinator: c, timing: c.Timing.withDefaults(), config: c.Config, ids: randomID(),
		index: make(map[Flow]int), madeUp: make(map[Pair]bool),
		head: Head{Run: rand.Text(), Job: c.Job, Started: time.Now(), Config: c.Config},
	}
	r.roster = newRoster(c.Config.Nodes, r.timing)
	if c.State == nil {
		return r, nil, nil
	}
	saved, err := c.State.Load()
	if err != nil {
		return nil, nil, fmt.Errorf("the state of an earlier run: %w", err)
	}
	if saved == nil || saved.Head.Job != c.Job || !reflect.DeepEqual(saved.Head.Config, c.Config) {
		return r, nil, nil
	}
	return r, saved, r.resume(saved)
}

// start waits for the pods, and settles what is measured.
func (r *run) start(ctx context.Context, saved *Saved) error {
	if saved != nil {
		r.Log.Info("going on with a run", "run", r.head.Run, "rounds done", r.done, "of", r.config.RoundCount())
		r.gather(ctx, r.timing.Rejoin, func(now, _ int) bool { return now > 0 && r.roster.awaited() == 0 })
		return nil
	}
	r.gather(ctx, r.timing.Join, func(now, _ int) bool {
		r.tell(Progress{})
		return now == r.config.Nodes
	})
	if ctx.Err() != nil {
		return nil
	}
	rails := r.config.RailCount
	if rails == 0 {
		rails = r.roster.rails()
	}
	if rails == 0 {
		return ErrNoRails
	}
	if err := r.config.checkSize(rails); err != nil {
		return err
	}
	r.mu.Lock()
	r.head.Rounds, r.head.Rails = time.Now(), rails
	r.mu.Unlock()
	r.head.Nodes = r.roster.nodes(true)
	if r.State != nil {
		if err := r.State.Begin(r.head); err != nil {
			return fmt.Errorf("the run's state cannot be kept: %w", err)
		}
	}
	return nil
}

// admit serves a connection that has proved itself, until it ends.
func (r *run) admit(ctx context.Context, w *wire) {
	m, err := w.receive(time.Now().Add(handshakeTime))
	if err != nil || m.Hello == nil {
		return
	}
	if why := r.roster.refusal(*m.Hello); why != "" {
		_ = w.send(message{Refused: &why}, time.Now().Add(handshakeTime))
		return
	}
	if err := w.send(message{Welcome: &welcome{Run: r.head.Run}}, time.Now().Add(handshakeTime)); err != nil {
		return
	}
	s := newSession(w, *m.Hello, r.timing)
	defer context.AfterFunc(ctx, func() { s.end(result.FabricStopped, "was there until the run was stopped") })()
	goesOn := r.roster.join(s)
	r.Log.Info("a pod has come", "index", m.Hello.Index, "node", m.Hello.Node, "pod", m.Hello.Pod.Pod, "rails", len(m.Hello.Rails))
	if !goesOn {
		_ = w.send(message{Done: true}, time.Now().Add(r.timing.Beat))
	}
	go w.beat(r.timing.Beat, s.gone)
	s.read()
	r.roster.leave(s)
	r.Log.Info("a pod has gone", "reason", s.reason().Text)
}

// goodbye tells all pods that the run has ended, and waits until they have gone. Those that
// are just coming back get the time for it.
func (r *run) goodbye(ctx context.Context) {
	_, ever := r.roster.present()
	all := r.roster.end()
	d := r.timing.Beat
	if all < ever {
		d = r.timing.Silent
	}
	r.gather(ctx, d, func(now, _ int) bool { return now == 0 && all == ever })
}

// tell reports progress.
func (r *run) tell(p Progress) {
	if r.Progress == nil {
		return
	}
	p.Present, _ = r.roster.present()
	p.Nodes, p.Rounds = r.config.Nodes, r.config.RoundCount()
	rails := max(r.head.Rails, r.config.RailCount, 1)
	phases := len(r.config.Phases(nil, rails))
	p.Left = time.Duration(phases*max(p.Rounds-p.Round, 0)) * (r.config.Load.measure() + overhead)
	r.Progress(p)
}
