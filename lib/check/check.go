// Package check compares a pod with what the machine really offers, before DPDK
// starts on it: DPDK itself says little of what it lacks, and some only in its
// debug log.
//
// Run runs every check, and each gives at least one Result: it passes, it does not
// apply, or it warns or fails with a code, a place, the cause and a remedy. Err
// makes one error of what failed. To add a check is to add a file: register puts
// it into the list.
package check

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Status is how a check ended.
type Status string

// The ways to end.
const (
	Pass Status = "pass"
	Warn Status = "warn" // DPDK starts, and something will not be as good as it could be
	Fail Status = "fail" // DPDK would not start, or not on this interface
	Skip Status = "skip" // the check does not apply
)

// Result is what a check says of one interface, or of the container.
type Result struct {
	Check     string `json:"check"` // ID of the check
	Status    Status `json:"status"`
	Interface string `json:"interface,omitempty"` // empty: the whole container

	Code      podnet.Code `json:"code,omitempty"`
	Where     string      `json:"where,omitempty"`
	Cause     string      `json:"cause,omitempty"` // of a skip: why the check does not apply
	Remedy    string      `json:"remedy,omitempty"`
	Transient bool        `json:"transient,omitempty"` // waiting can help
}

// Options say what DPDK is to be started on: what Pod.EALConfig gives.
type Options struct {
	EAL   eal.Config
	Ports []podnet.Port
}

// Check is one comparison. It looks, and changes nothing.
type Check struct {
	// ID names the check to people and programs, such as hugepages-free.
	ID string
	// Needs says why the check does not apply; "" means that it does.
	Needs func(*Subject) string
	// Run gives what is wrong; nothing means that the check passes. Status may be
	// left out for Fail.
	Run func(context.Context, *Subject) []Result
}

// Subject is what checks look at.
type Subject struct {
	Pod *podnet.Pod
	Options

	system system
}

// Port is a port with the interface that it is for.
type Port struct {
	podnet.Port
	Interface *podnet.Interface
}

// PodPorts are the ports that are the pod's, not the caller's own devices.
func (s *Subject) PodPorts() []Port {
	var ports []Port
	for _, p := range s.Ports {
		if p.Kind == "" {
			continue
		}
		if found, err := s.Pod.Lookup(p.Interface); err == nil && len(found) == 1 {
			ports = append(ports, Port{p, found[0]})
		}
	}
	return ports
}

var registry []Check

// register adds a check to the list.
func register(c Check) Check {
	registry = append(registry, c)
	return c
}

// All gives every check, ordered by ID.
func All() []Check {
	return slices.SortedFunc(slices.Values(registry), func(a, b Check) int { return cmp.Compare(a.ID, b.ID) })
}

// Run runs all checks on the pod, in the process that is to become the DPDK
// program: what may be opened and locked is asked for it. It ends early, with the
// context's error, if ctx ends.
func Run(ctx context.Context, pod *podnet.Pod, o Options) ([]Result, error) {
	return run(ctx, All(), &Subject{Pod: pod, Options: o, system: thisSystem()})
}

func run(ctx context.Context, checks []Check, s *Subject) ([]Result, error) {
	var results []Result
	for _, c := range checks {
		if err := context.Cause(ctx); err != nil {
			return results, err
		}
		if c.Needs != nil {
			if reason := c.Needs(s); reason != "" {
				results = append(results, Result{Check: c.ID, Status: Skip, Cause: reason})
				continue
			}
		}
		found := c.Run(ctx, s)
		if len(found) == 0 {
			found = []Result{{Status: Pass}}
		}
		for _, r := range found {
			r.Check, r.Status = c.ID, cmp.Or(r.Status, Fail)
			results = append(results, r)
		}
	}
	return results, nil
}

// Err joins what failed: an *podnet.InterfaceError for an interface, an
// *podnet.Error for the container. It is nil if nothing did.
func Err(results []Result) error {
	var errs []error
	for _, r := range results {
		problem := podnet.Problem{Code: r.Code, Where: r.Where, Message: r.Cause, Remedy: r.Remedy, Transient: r.Transient}
		switch {
		case r.Status != Fail:
		case r.Interface != "":
			errs = append(errs, &podnet.InterfaceError{Interface: r.Interface, Problem: problem})
		default:
			problem.Where = "" // the cause names it
			errs = append(errs, &podnet.Error{Problem: problem})
		}
	}
	return errors.Join(errs...)
}

// result makes the result of a failed check of an interface; "" stands for the
// container.
func result(iface string, p podnet.Problem) Result {
	return Result{
		Interface: iface, Code: p.Code, Where: p.Where, Cause: p.Message, Remedy: p.Remedy, Transient: p.Transient,
	}
}
