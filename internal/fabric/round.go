package fabric

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// attempt is the measurement of one flow.
type attempt struct {
	row      result.FabricPair
	task     Task
	from, to *session
	// Answers of both ends about the task.
	fromAnswers, toAnswers <-chan message
}

// phase runs flows at the same time: all receivers get ready, then all senders
// begin together. A failure costs its own flow, and at most the deadlines' time.
func (r *run) phase(ctx context.Context, round int, flows []Flow) []result.FabricPair {
	attempts := make([]*attempt, len(flows))
	for i, f := range flows {
		attempts[i] = r.attempt(round, f)
	}
	together(attempts, func(a *attempt) { r.prepare(ctx, a) })
	together(attempts, func(a *attempt) { r.measure(ctx, a) })
	rows := make([]result.FabricPair, len(attempts))
	for i, a := range attempts {
		rows[i] = a.row
	}
	return rows
}

// together does something with all attempts that can still succeed, and waits for the
// last.
func together(attempts []*attempt, do func(*attempt)) {
	var group sync.WaitGroup
	for _, a := range attempts {
		if a.row.Missing == nil {
			group.Go(func() { do(a) })
		}
	}
	group.Wait()
}

// attempt makes the task of a flow, if both pods are there.
func (r *run) attempt(round int, f Flow) *attempt {
	a := &attempt{row: result.FabricPair{From: f.From, To: f.To, FromRail: f.Lane.From, ToRail: f.Lane.To, Round: round}}
	if a.from, a.row.Missing = r.roster.find(f.From); a.row.Missing != nil {
		return a
	}
	if a.to, a.row.Missing = r.roster.find(f.To); a.row.Missing != nil {
		return a
	}
	for _, end := range []struct {
		s    *session
		rail int
	}{{a.from, f.Lane.From}, {a.to, f.Lane.To}} {
		if has := len(end.s.hello.Rails); end.rail >= has {
			a.row.Missing = missing(result.FabricNoRail, end.s.hello.Pod, fmt.Sprintf("has %s, and none of index %d", count(has, "rail"), end.rail))
			return a
		}
	}
	id := r.nextID()
	a.task = Task{
		Run: r.head.Run, ID: id, Round: round, From: a.from.port(f.Lane.From), To: a.to.port(f.Lane.To),
		Signature: signature(r.head.Run, id), OneWay: r.config.Mode == result.FabricSaturate, Load: r.config.Load,
	}
	return a
}

// port is the end of a task that the session's pod has.
func (s *session) port(rail int) End {
	return End{Index: s.hello.Index, Node: s.hello.Node, Rail: rail, Port: s.hello.Rails[rail]}
}

// signature identifies a task's packets. Billions of consecutive tasks have different
// signatures, and 65536 consecutive tasks differ in the lower half too.
func signature(run string, id uint64) uint32 {
	base := sha256.Sum256([]byte(run))
	return binary.BigEndian.Uint32(base[:]) + uint32(id)
}

// prepare lets the receiver reflect.
func (r *run) prepare(ctx context.Context, a *attempt) {
	a.toAnswers = a.to.open(a.task.ID)
	got, loss := r.ask(ctx, a.to, message{Reflect: &a.task}, a.toAnswers, 0)
	switch {
	case loss != nil:
		a.row.Missing = loss
	case got.Ready == nil:
		a.row.Missing = refusal(a.to, got)
	default:
		return
	}
	a.to.close(a.task.ID)
}

// measure lets the sender generate, and then the receiver say what it counted.
func (r *run) measure(ctx context.Context, a *attempt) {
	defer a.to.close(a.task.ID)
	a.fromAnswers = a.from.open(a.task.ID)
	defer a.from.close(a.task.ID)
	sent, loss := r.ask(ctx, a.from, message{Generate: &a.task}, a.fromAnswers, r.config.Load.most())
	switch {
	case loss != nil:
		a.row.Missing = loss
	case sent.Generated == nil || sent.Generated.Failure != nil:
		a.row.Missing = refusal(a.from, sent)
	}
	if ctx.Err() != nil {
		return // the sessions end with it
	}
	arrived, loss := r.ask(ctx, a.to, message{Stop: &a.task.ID}, a.toAnswers, 0)
	switch {
	case a.row.Missing != nil:
	case loss != nil:
		a.row.Missing = loss
	case arrived.Reflected == nil || arrived.Reflected.Failure != nil:
		a.row.Missing = refusal(a.to, arrived)
	default:
		fill(&a.row, sent.Generated.Generated, arrived.Reflected.Reflected, a.task)
	}
}

// ask asks a pod for what takes so long, and waits a while more for it.
func (r *run) ask(ctx context.Context, s *session, m message, answers <-chan message, takes time.Duration) (message, *result.FabricMissing) {
	patience := r.timing.Answer
	if takes > 0 {
		patience = r.timing.Grace
	}
	began := time.Now()
	got, loss := s.ask(ctx, m, answers, takes+patience)
	if over := time.Since(began) - takes - overhead; over > 0 {
		r.roster.charge(s, over)
	}
	return got, loss
}

// refusal is why a pod did not do what it was asked to.
func refusal(s *session, m message) *result.FabricMissing {
	switch {
	case m.Generated != nil && m.Generated.Failure != nil:
		return missing(m.Generated.Failure.Code, s.hello.Pod, "as sender: "+m.Generated.Failure.Text)
	case m.Reflected != nil && m.Reflected.Failure != nil:
		return missing(m.Reflected.Failure.Code, s.hello.Pod, "as receiver: "+m.Reflected.Failure.Text)
	}
	return missing(result.FabricFailed, s.hello.Pod, "answered something else than it was asked")
}
