// Package check compares a pod with the machine before DPDK starts on it, because
// DPDK itself says little about a missing device or permission, and some of it
// only in its debug log.
//
// Run runs every check, and each gives at least one Result: it passes, it does not
// apply, or it warns or fails with a code, a place, the cause and a remedy. Err makes one
// error of the failures. The package repairs nothing, and starts no DPDK. To add a check,
// add a file that calls register.
package check

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Schema names the version of the document that a Report marshals to. Fields may
// be added to it, never renamed or removed.
const Schema = "podnet.check/v1"

// Report is what the checks say of a container.
type Report struct {
	Schema  string   `json:"schema"`         // podnet.check/v1
	For     string   `json:"for"`            // run, bench, exec, or the application that was asked about
	Status  Status   `json:"status"`         // the worst of the results: pass, warn or fail
	DPDK    string   `json:"dpdk,omitempty"` // release that the arguments are for, such as 24.11
	Results []Result `json:"results"`        // in the order of the groups
}

// NewReport makes the report of results.
func NewReport(use string, version eal.Version, results []Result) Report {
	r := Report{Schema: Schema, For: use, Status: Pass, DPDK: version.String(), Results: results}
	for _, result := range results {
		if result.Status == Fail || result.Status == Warn && r.Status == Pass {
			r.Status = result.Status
		}
	}
	return r
}

// Status is how a check ended.
type Status string

// The ways to end.
const (
	Pass Status = "pass"
	Warn Status = "warn" // DPDK starts, and something will not be as good as it could be
	Fail Status = "fail" // DPDK would not start, or not on this interface
	Skip Status = "skip" // the check does not apply
)

// Group is a topic that checks are about.
type Group string

// The groups, in the order of the report.
const (
	Pod        Group = "pod"
	Hugepages  Group = "hugepages"
	CPU        Group = "cpu"
	NUMA       Group = "numa"
	Devices    Group = "devices"
	Sockets    Group = "sockets"
	Privileges Group = "privileges"
	DPDK       Group = "dpdk"
	Clock      Group = "clock"
)

// Groups gives the groups in the order of the report.
func Groups() []Group {
	return []Group{Pod, Hugepages, CPU, NUMA, Devices, Sockets, Privileges, DPDK, Clock}
}

// Result is what a check says of one interface, or of the container.
type Result struct {
	Check     string `json:"check"`               // ID of the check
	Group     Group  `json:"group"`               // topic of the check
	Status    Status `json:"status"`              // pass, warn, fail or skip
	Interface string `json:"interface,omitempty"` // empty: the whole container

	Code      podnet.Code `json:"code,omitempty"`      // kind of trouble; empty of what passes or is skipped
	Where     string      `json:"where,omitempty"`     // the place: a file, a variable, a device node
	Cause     string      `json:"cause,omitempty"`     // what is wrong; of a skip: why the check does not apply
	Evidence  []string    `json:"evidence,omitempty"`  // what was found
	Remedy    string      `json:"remedy,omitempty"`    // the line of YAML, the node's setting or the operator's field that mends it
	Transient bool        `json:"transient,omitempty"` // waiting can help
}

// Options describe the start of DPDK to check: its devices, its program and its container.
type Options struct {
	EAL   eal.Config    // what Pod.EALConfig gives
	Ports []podnet.Port // likewise
	// Err is why Pod.EALConfig failed. The checks that need EAL and Ports then do not
	// apply.
	Err error

	// For names the program to start: run, bench, exec or an application. If it is
	// empty, the checks that depend on it do not apply.
	For string
	// Linked is the DPDK release that run and bench use, such as 24.11.3; empty: none.
	Linked string
	// Memory is what the caller asked for; empty: nothing particular.
	Memory podnet.MemoryMode
	// Queues is the number of queue pairs per port; 0 means 1.
	Queues int
	// FrameSize is the largest frame on the wire, with FCS; 0: not known.
	FrameSize int

	// Root, PID and Environ are as podnet.Options has them: whose container it is.
	Root    string
	PID     int
	Environ []string
}

// Check is one comparison. It looks, and changes nothing.
type Check struct {
	// ID names the check to people and programs, such as hugepages-free.
	ID string
	// Group is the check's topic.
	Group Group
	// About says in one sentence what is compared.
	About string
	// Findings are all that the check can find.
	Findings []Finding
	// Needs says why the check does not apply; "" means that it does.
	Needs func(*Subject) string
	// Run gives what is wrong; nothing means that the check passes. Run can leave
	// Status and Remedy out: the Finding with the result's code has them too.
	Run func(context.Context, *Subject) []Result
}

// Finding is one kind of trouble that a check finds.
type Finding struct {
	Code   podnet.Code
	Status Status // empty: Fail
	Remedy string // empty: it depends on the case
}

// Subject has the data that checks look at.
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

// All gives every check, by group and ID.
func All() []Check {
	groups := Groups()
	return slices.SortedFunc(slices.Values(registry), func(a, b Check) int {
		return cmp.Or(cmp.Compare(slices.Index(groups, a.Group), slices.Index(groups, b.Group)), cmp.Compare(a.ID, b.ID))
	})
}

// Run runs all checks on the pod. Some checks are about the process that will become the
// DPDK program. They apply to this process, or to the process of Options.PID as far as its
// files show. Run ends early, with the context's error, if ctx ends.
func Run(ctx context.Context, pod *podnet.Pod, o Options) ([]Result, error) {
	system, err := newSystem(o)
	if err != nil {
		return nil, err
	}
	return run(ctx, All(), &Subject{Pod: pod, Options: o, system: system})
}

func run(ctx context.Context, checks []Check, s *Subject) ([]Result, error) {
	var results []Result
	for _, c := range checks {
		if err := context.Cause(ctx); err != nil {
			return results, err
		}
		results = append(results, c.results(ctx, s)...)
	}
	return results, nil
}

// results runs the check if it applies, and completes what it says.
func (c Check) results(ctx context.Context, s *Subject) []Result {
	if c.Needs != nil {
		if reason := c.Needs(s); reason != "" {
			return []Result{{Check: c.ID, Group: c.Group, Status: Skip, Cause: reason}}
		}
	}
	results := c.Run(ctx, s)
	if len(results) == 0 {
		results = []Result{{Status: Pass}}
	}
	for i := range results {
		r := &results[i]
		r.Check, r.Group = c.ID, c.Group
		for _, f := range c.Findings {
			if f.Code == r.Code && r.Code != "" {
				r.Status, r.Remedy = cmp.Or(r.Status, f.Status), cmp.Or(r.Remedy, f.Remedy)
			}
		}
		r.Status = cmp.Or(r.Status, Fail)
	}
	return results
}

// skipped is the result of a check that finds out while it runs that it cannot tell.
func skipped(cause string) []Result { return []Result{{Status: Skip, Cause: cause}} }

// passed is the result of a check that passes and shows evidence.
func passed(evidence ...string) []Result { return []Result{{Status: Pass, Evidence: evidence}} }

// Err joins the failures: a *podnet.InterfaceError for an interface, a *podnet.Error for
// the container. It is nil if no check failed.
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
