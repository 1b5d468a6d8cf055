package fabric

import (
	"fmt"
	"sync"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// roster knows the pods of a run.
type roster struct {
	timing Timing

	mu      sync.Mutex
	members []member
	// patience is how long the rounds wait for a pod in all, beyond what the plan has
	// for it. After that it is left out: it would cost all others their time.
	patience time.Duration
	ended    bool          // the run has
	changed  chan struct{} // has room for one: something is new
}

// member is a pod, there or not.
type member struct {
	node     result.FabricNode
	instance string
	// former are processes whose place another one has taken. They do not come back, so
	// that two never take it from each other in turn.
	former   map[string]bool
	session  *session      // nil: it is not there
	expected bool          // a coordinator before this one had it to the end
	overtime time.Duration // that the rounds have waited for it
	news     bool          // node is not as it was kept last
}

func newRoster(nodes int, t Timing) *roster {
	r := &roster{timing: t, patience: t.Answer + t.Grace, members: make([]member, nodes), changed: make(chan struct{}, 1)}
	for i := range r.members {
		r.members[i].node = result.FabricNode{Index: i, Rails: []result.FabricRail{}}
		r.members[i].node.Missing = missing(result.FabricAbsent, Pod{Index: i}, "never came")
	}
	return r
}

// signal wakes whoever waits for something new.
func (r *roster) signal() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// refusal is why a pod is not let in; empty: it is.
func (r *roster) refusal(h hello) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case h.Index >= len(r.members):
		return fmt.Sprintf("index %d: the run has %d pods. Give the Job as many completions as --nodes says", h.Index, len(r.members))
	case r.members[h.Index].former[h.Instance]:
		return "another process has taken this pod's place"
	case r.members[h.Index].overtime > r.patience:
		return r.slow(r.members[h.Index].overtime)
	}
	return ""
}

func (r *roster) slow(overtime time.Duration) string {
	return fmt.Sprintf("the rounds have waited %v for it, and go on without it after %v", overtime.Round(time.Second), r.patience.Round(time.Second))
}

// afford sets the patience for a run of so many seconds.
func (r *roster) afford(planned float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.patience = max(r.patience, seconds(planned/50))
}

// charge counts time that the rounds have waited for a pod, and leaves it out if that is
// too much.
func (r *roster) charge(s *session, overtime time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := &r.members[s.hello.Index]
	if m.overtime += overtime; m.overtime > r.patience {
		s.end(result.FabricHung, "is too slow: "+r.slow(m.overtime))
	}
}

// join puts a session in its pod's place, and ends the one that was there. It reports
// whether the run goes on.
func (r *roster) join(s *session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := s.hello
	m := &r.members[h.Index]
	again := m.instance == h.Instance
	if old := m.session; old != nil {
		if again {
			old.end(result.FabricPartitioned, "lost its connection, and came back")
		} else {
			old.end(result.FabricRestarted, "was restarted")
		}
	}
	switch {
	case again, m.instance == "" && m.node.Joined != nil && h.Index != 0: // it outlived the coordinator
		m.node.Reconnects++
	case m.node.Joined != nil:
		m.node.Restarts++
		if m.former == nil {
			m.former = make(map[string]bool)
		}
		m.former[m.instance] = true
	}
	if m.node.Joined == nil {
		now := time.Now()
		m.node.Joined = &now
	}
	m.instance, m.session, m.news = h.Instance, s, true
	m.node.Name, m.node.Pod, m.node.Rails, m.node.Missing = h.Node, h.Pod.Pod, h.Rails, nil
	m.node.Version, m.node.DPDK, m.node.Kernel, m.node.CPUModel, m.node.CPUs = h.Version, h.DPDK, h.Kernel, h.CPUModel, h.CPUs
	if m.node.Rails == nil {
		m.node.Rails = []result.FabricRail{}
	}
	r.signal()
	return !r.ended
}

// leave takes a session that has ended from its pod's place.
func (r *roster) leave(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := &r.members[s.hello.Index]
	loss := s.reason()
	if m.session == s {
		m.session = nil
		if !r.ended { // when it has, they all leave
			m.node.Missing, m.news = loss, true
		}
	}
	r.signal()
}

// find gives a pod's session, or the reason why there is none.
func (r *roster) find(index int) (*session, *result.FabricMissing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := &r.members[index]
	if m.session == nil {
		return nil, m.node.Missing
	}
	if loss := m.session.reason(); loss != nil {
		return nil, loss
	}
	return m.session, nil
}

// present counts the pods that are there, and all that were there once.
func (r *roster) present() (now, ever int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.members {
		if r.members[i].session != nil {
			now++
		}
		if r.members[i].node.Joined != nil {
			ever++
		}
	}
	return now, ever
}

// awaited counts the pods that a coordinator before this one had, and that have not come
// back.
func (r *roster) awaited() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.members {
		if r.members[i].expected && r.members[i].session == nil {
			n++
		}
	}
	return n
}

// rails is how many the pod with the most has.
func (r *roster) rails() (most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.members {
		most = max(most, len(r.members[i].node.Rails))
	}
	return most
}

// nodes gives all pods, or only those about which something is new.
func (r *roster) nodes(newsOnly bool) (list []result.FabricNode) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.members {
		m := &r.members[i]
		if !newsOnly || m.news {
			list = append(list, m.node)
		}
		m.news = m.news && !newsOnly
	}
	return list
}

// restore puts in a pod from the kept state. The pod connects again by itself.
func (r *roster) restore(n result.FabricNode) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.Index < 0 || n.Index >= len(r.members) {
		return
	}
	m := &r.members[n.Index]
	m.expected = n.Missing == nil
	if m.expected {
		n.Missing = missing(result.FabricDead, Pod{Index: n.Index, Node: n.Name, Pod: n.Pod}, "did not come back after the coordinator's restart")
	}
	m.node, m.news = n, m.expected
}

// end says goodbye to all pods, also to those that come from now on. It says how many
// there are.
func (r *roster) end() (now int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	for i := range r.members {
		if s := r.members[i].session; s != nil {
			now++
			go func() { _ = s.wire.send(message{Done: true}, time.Now().Add(r.timing.Beat)) }()
		}
	}
	return now
}
