package podnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podnet/podnet/lib/internal/fact"
)

// Wait looks at the container until cond returns nil for its Pod, and returns that Pod.
// As long as something is missing, cond returns an error that says so; a nil cond is
// Ready. Wait calls cond on each look, at least once per second, so cond can also check
// things that are not in the Pod.
//
// A new container usually has to wait: kubelet starts it before the annotations
// file has the network's status, and writes that up to a minute or two later.
//
// Wait ends at once if waiting cannot help: if cond or Discover fails with a problem that
// is not Transient, such as a name that a pod with its whole status does not have. With
// Options.Patient it waits for these too. It waits on an error without a code, which may
// mean anything. It never waits for a root that does not exist.
//
// If ctx ends first, the error says what is still missing. It wraps both the
// context's error, with its cause, and the last one of cond, so that errors.Is
// tells context.DeadlineExceeded as well as ErrNoStatus.
func Wait(ctx context.Context, opts Options, cond func(*Pod) error) (*Pod, error) {
	if cond == nil {
		cond = Ready
	}
	if _, err := opts.container(); err != nil {
		return nil, err
	}
	begin := time.Now()
	var missing error
	for pod, err := range looks(ctx, opts) {
		if err == nil {
			err = cond(pod)
		}
		if err == nil {
			return pod, nil
		}
		missing = err
		if !opts.Patient && !mendable(err) {
			return nil, fmt.Errorf("waiting does not help: %w", err)
		}
	}
	waited := time.Since(begin)
	if end, ok := ctx.Deadline(); ok && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		waited = max(end.Sub(begin), 0) // without the time that the last look took
	}
	return nil, &waitError{ctx.Err(), context.Cause(ctx), waited, missing}
}

// waitError is why Wait gave up.
type waitError struct {
	ctx, cause error // of the context
	waited     time.Duration
	missing    error // nil: the context ended before the first look
}

func (e *waitError) Error() string {
	if e.missing == nil {
		return e.cause.Error()
	}
	text := fmt.Sprintf("still missing after %s: %v", e.waited.Round(time.Millisecond), e.missing)
	if !errors.Is(e.cause, context.DeadlineExceeded) {
		text = fmt.Sprintf("%v: %s", e.cause, text)
	}
	return text
}

func (e *waitError) Unwrap() []error { return []error{e.ctx, e.cause, e.missing} }

// Ready returns nil if the pod has the status of every network that it asked for, and
// every socket that the other side makes. Devices that are ports by default need no
// status. A pod with neither status nor such devices also lacks the parts of the Downward
// API volume that could not be read. Otherwise Ready joins one error, an *Error or an
// *InterfaceError, for each thing that is missing.
func Ready(pod *Pod) error {
	var errs []error
	if len(pod.Interfaces) == 0 && len(pod.defaultPorts()) == 0 {
		for _, w := range pod.unread() {
			err := w.Err()
			if e, ok := errors.AsType[*Error](err); ok && w.Code == CodeMalformed {
				e.Transient = true // the rest may follow
			}
			errs = append(errs, err)
		}
	}
	for _, w := range pod.Warnings {
		switch w.Code {
		case CodePending:
			errs = append(errs, w.Err())
		case CodeNoAnnotations, CodeNoStatus:
			if len(pod.Interfaces) == 0 && len(pod.defaultPorts()) == 0 {
				errs = append(errs, w.Err())
			}
		}
	}
	// A pod may be on both sides of a socket, and makes it when it starts.
	own := map[string]bool{}
	for _, i := range pod.Interfaces {
		if s := i.socket(); s.role == RoleServer {
			own[s.path] = true
		}
	}
	for _, i := range pod.Interfaces {
		if s := i.socket(); s.missing() && !own[s.path] {
			errs = append(errs, interfaceErrorf(i.Name, CodeSocketMissing, "the other side makes it",
				"its %s socket %.200q is not there (yet)", i.Kind, s.path))
		}
	}
	return errors.Join(errs...)
}

// ReadyFor is Ready for these names alone: Wait then waits for these interfaces, their
// networks' status and their sockets. It also waits for pending networks, because one of
// them may turn out to have such a name. Without names it is Ready.
func ReadyFor(names ...string) func(*Pod) error {
	if len(names) == 0 {
		return Ready
	}
	return func(pod *Pod) error {
		asked := *pod
		asked.Interfaces = nil
		var errs []error
		for _, name := range distinctTexts(names) {
			found, err := pod.Lookup(name)
			errs = append(errs, err)
			for _, i := range found {
				asked.Interfaces = append(asked.Interfaces, *i)
			}
		}
		return errors.Join(append(errs, Ready(&asked))...)
	}
}

// unread are the warnings about a file or a line of the Downward API volume that
// could not be read: somebody may be in the middle of writing it.
func (p *Pod) unread() []Warning {
	return slices.DeleteFunc(slices.Clone(p.Warnings), func(w Warning) bool {
		return w.Source != fact.DownwardAPI || w.Code != CodeUnreadable && w.Code != CodeMalformed
	})
}

// ifaceSocket is what vhost-user and memif sockets have in common.
type ifaceSocket struct {
	path, role string
	exists     *bool
}

// socket is the interface's socket; the zero value stands for none.
func (i *Interface) socket() ifaceSocket {
	switch {
	case i.VhostUser != nil:
		return ifaceSocket{i.VhostUser.Path, i.VhostUser.Role, i.VhostUser.Exists}
	case i.Memif != nil:
		return ifaceSocket{i.Memif.Path, i.Memif.Role, i.Memif.Exists}
	}
	return ifaceSocket{}
}

// missing tells whether the other side has to make the socket, and has not.
func (s ifaceSocket) missing() bool {
	return s.role == RoleClient && s.exists != nil && !*s.exists
}
