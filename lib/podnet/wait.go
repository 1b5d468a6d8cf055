package podnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podnet/podnet/lib/internal/fact"
)

// Wait looks at the container until cond of its Pod is nil, and returns that Pod.
// As long as something is missing, cond says what with its error; a nil cond is
// Ready. It is called on each look, at least once per second, so it may ask for
// other things than the Pod's too.
//
// A new container usually has to wait: kubelet starts it before the annotations
// file has the network's status, and writes that up to a minute or two later.
//
// Wait ends at once with what waiting does not mend: an error of cond, or of
// Discover, that has a problem which is not Transient, such as a name that a pod
// with its whole status does not have. Options.Patient waits for anything. An
// error without a code may be anything, so it is waited out. A root that does not
// exist is never waited for.
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

// Ready is nil if all that the pod waits for in the ordinary case is there: the
// status of every network that it asked for, and every socket that the other side
// makes. Devices that are ports by default need no status. Without either, what could
// not be read of the Downward API volume is missing, too. Otherwise it joins one
// error, an *Error or an *InterfaceError, for each thing that is missing.
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

// ReadyFor is Ready for these names, and for nothing else: Wait then
// waits for these interfaces, their networks' status and their sockets. A
// pending network may still give a name its meaning, so Wait waits for it too.
// Without names it is Ready.
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
