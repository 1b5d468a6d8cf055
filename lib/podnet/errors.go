package podnet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/internal/fact"
)

// Problem is one thing that is wrong: its kind, its place, the cause and what to
// do about it.
type Problem struct {
	Code    Code   `json:"code"`             // kind of trouble
	Where   string `json:"where,omitempty"`  // the place: a file, an annotation, a variable; empty: none
	Message string `json:"message"`          // the cause
	Remedy  string `json:"remedy,omitempty"` // what to do about it
	// Transient tells that the problem may end by itself, so that waiting can help.
	Transient bool `json:"transient"`
}

// Is reports whether target is the problem's Code. It makes errors.Is work for
// the errors that have a Problem.
func (p Problem) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == p.Code
}

// text gives the message with the remedy.
func (p Problem) text() string {
	if p.Remedy == "" {
		return p.Message
	}
	return p.Message + ": " + p.Remedy
}

// Error is a problem of the pod or of the container. errors.Is finds its Code.
type Error struct {
	// Source says what kind of place Where is: annotation, env, sysfs and so on;
	// empty if the problem has none.
	Source string
	Problem
	Err error // cause, whose text is the Message; nil: there is no further one
}

var _ error = (*Error)(nil)

func (e *Error) Error() string {
	if place := strings.TrimSpace(e.Source + " " + e.Where); place != "" {
		return place + ": " + e.text()
	}
	return e.text()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// InterfaceError says why an interface, or a device on no interface, cannot be a DPDK
// port. errors.Is finds its Code.
type InterfaceError struct {
	Interface string // its name, or what the caller took for one
	Problem
}

var _ error = (*InterfaceError)(nil)

func (e *InterfaceError) Error() string {
	return fmt.Sprintf("interface %q: %s", e.Interface, e.text())
}

// Err gives the warning as an *Error, in which errors.Is finds the Code.
func (w Warning) Err() error {
	return newError(fact.Problemf(
		fact.Origin{Source: w.Source, Where: w.Where}, fact.Code(w.Code), "%s", w.Message))
}

// newError makes an Error of a problem that a source or the resolver found.
func newError(p fact.Problem) *Error {
	code := Code(p.Code)
	return &Error{
		Source:  p.Source,
		Problem: Problem{Code: code, Where: p.Where, Message: p.Err.Error(), Transient: code.Transient()},
		Err:     p.Err,
	}
}

// problemf makes an Error that has no place.
func problemf(code Code, remedy, format string, args ...any) *Error {
	return &Error{Problem: Problem{
		Code: code, Message: fmt.Sprintf(format, args...), Remedy: remedy, Transient: code.Transient(),
	}}
}

// mendable reports whether waiting can help against an error. For an error without a
// Problem it is assumed to. For several errors, one that does not go away is enough to
// say no. A value that EAL's arguments cannot express never goes away.
func mendable(err error) bool {
	switch e := err.(type) { //nolint:errorlint // walks the tree itself, since each branch counts
	case nil:
		return true
	case Code:
		return e.Transient()
	case *Error:
		return e.Transient
	case *InterfaceError:
		return e.Transient
	case *eal.ValueError:
		return false
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if !mendable(err) {
				return false
			}
		}
		return true
	}
	return mendable(errors.Unwrap(err))
}
