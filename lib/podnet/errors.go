package podnet

import (
	"errors"
	"fmt"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The codes of warnings.
const (
	CodeMalformed     = string(fact.Malformed)     // not of the form that it should have
	CodeUnreadable    = string(fact.Unreadable)    // there, and cannot be read
	CodeConflict      = string(fact.Conflict)      // two places say different things
	CodeNotPresent    = string(fact.NotPresent)    // a device that this machine does not have
	CodeRelativePath  = string(fact.RelativePath)  // a socket whose directory is not known
	CodeStale         = string(fact.Stale)         // overtaken by a later entry
	CodeMisspelled    = string(fact.Misspelled)    // read by a name that is not the right one
	CodeNoAnnotations = string(fact.NoAnnotations) // ErrNoAnnotations
	CodeNoStatus      = string(fact.NoStatus)      // ErrNoStatus
	CodeNoNetworks    = string(fact.NoNetworks)    // ErrNoNetworks
	CodePending       = string(fact.Pending)       // a network that was asked for has no status (yet)
	CodeSharedCPUs    = string(fact.SharedCPUs)    // the CPUs are others' too
)

// Three different answers to the question where the networks are. Errors of
// Discover wrap them, and so does Warning.Err.
var (
	// ErrNoAnnotations means that there is no annotations file: the pod has no
	// Downward API volume, or has it at another place.
	ErrNoAnnotations = errors.New("no annotations file")
	// ErrNoStatus means that the annotations do not have network-status.
	// Usually they do not have it yet, and a retry helps.
	ErrNoStatus = errors.New("no network status")
	// ErrNoNetworks means that there is a network-status, and that it lists no
	// network.
	ErrNoNetworks = errors.New("no networks")
)

// Error is what was wrong at one place.
type Error struct {
	Source string // annotation, env, sysfs, ...
	Where  string // place within the source
	Err    error
}

var _ error = (*Error)(nil)

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Source, e.Where, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Err gives the warning as an *Error, which wraps ErrNoAnnotations, ErrNoStatus
// or ErrNoNetworks if its code is one of theirs.
func (w Warning) Err() error {
	return newError(fact.Problemf(
		fact.Origin{Source: w.Source, Where: w.Where}, fact.Code(w.Code), "%s", w.Message))
}

// newError makes an Error of a problem.
func newError(p fact.Problem) *Error {
	err := p.Err
	switch p.Code {
	case fact.NoAnnotations:
		err = &answer{ErrNoAnnotations, err}
	case fact.NoStatus:
		err = &answer{ErrNoStatus, err}
	case fact.NoNetworks:
		err = &answer{ErrNoNetworks, err}
	}
	return &Error{Source: p.Source, Where: p.Where, Err: err}
}

// answer puts a sentinel behind a message that already says as much.
type answer struct {
	sentinel error
	err      error
}

func (a *answer) Error() string { return a.err.Error() }

func (a *answer) Unwrap() []error { return []error{a.sentinel, a.err} }
