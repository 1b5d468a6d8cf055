package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/podnet/podnet/lib/appnetutil/hugepages"
	"github.com/podnet/podnet/lib/podnet"
)

// capiAnswer is the answer to the C library, as one JSON object: an error, or the member
// that it asked for.
type capiAnswer struct {
	Schema    string              `json:"schema"`
	Version   string              `json:"version"` // of this program
	Error     *capiError          `json:"error,omitempty"`
	Pod       *podnet.Pod         `json:"pod,omitempty"` // podnet.pod/v1, as inspect prints it
	EAL       *capiEAL            `json:"eal,omitempty"`
	Hugepages *hugepages.Response `json:"hugepages,omitempty"`
}

// The kinds of error, which are the C library's codes.
const (
	capiUsage    = "usage"
	capiNotReady = "not-ready"
	capiTimeout  = "timeout"
	capiVersion  = "version"
	capiFailed   = "failed"
)

type capiError struct {
	Kind     string        `json:"kind"`
	Text     string        `json:"text"` // in one line
	Problems []capiProblem `json:"problems,omitempty"`
}

// capiProblem has the members of a podnet.Problem and of a podnet.Warning.
type capiProblem struct {
	podnet.Problem
	Source    string `json:"source,omitempty"`
	Interface string `json:"interface,omitempty"`
}

type capiEAL struct {
	Args    []string      `json:"args"`
	Ports   []capiPort    `json:"ports"`
	LeftOut []capiProblem `json:"leftOut,omitempty"`
}

type capiPort struct {
	Interface string        `json:"interface"`
	Network   string        `json:"network,omitempty"`
	Kind      podnet.Kind   `json:"kind,omitempty"`
	Device    string        `json:"device,omitempty"`
	MTU       int           `json:"mtu,omitempty"`
	Name      string        `json:"name"` // DPDK's
	Problems  []capiProblem `json:"problems,omitempty"`
}

func newCapiEAL(ports []podnet.Port, args []string) *capiEAL {
	answer := &capiEAL{Args: args, Ports: make([]capiPort, 0, len(ports))}
	for _, p := range ports {
		answer.Ports = append(answer.Ports, capiPort{
			Interface: p.Interface, Network: p.Network, Kind: p.Kind, Device: p.Device,
			MTU: p.MTU, Name: p.PortName, Problems: capiProblems(p.NotReady),
		})
	}
	return answer
}

func newCapiError(err error) *capiError {
	answer := &capiError{Kind: capiFailed, Text: OneLine(err), Problems: capiProblems(err)}
	switch {
	case errors.Is(err, errCapiVersion):
		answer.Kind = capiVersion
	case errors.Is(err, context.DeadlineExceeded):
		answer.Kind = capiTimeout
	case ExitCode(err) == CodeUsage:
		answer.Kind = capiUsage
	case ExitCode(err) == CodeNotReady:
		answer.Kind = capiNotReady
	}
	return answer
}

// capiProblems are the problems in a tree of errors, from the outside in.
func capiProblems(err error) []capiProblem {
	var found []capiProblem
	switch e := err.(type) { //nolint:errorlint // walks the tree itself, since each branch counts
	case nil:
		return nil
	case *podnet.Error:
		found = append(found, capiProblem{Problem: e.Problem, Source: e.Source})
	case *podnet.InterfaceError:
		found = append(found, capiProblem{Problem: e.Problem, Interface: e.Interface})
	}
	var inner []error
	switch e := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() []error }:
		inner = e.Unwrap()
	case interface{ Unwrap() error }:
		inner = []error{e.Unwrap()}
	}
	for _, err := range inner {
		found = append(found, capiProblems(err)...)
	}
	return found
}

// write writes the answer as C can read it: no string has a zero byte in it, which
// would hide the rest.
func (a *capiAnswer) write(w io.Writer) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(a); err != nil {
		return err
	}
	_, err := w.Write(withoutNUL(b.Bytes()))
	return err
}

// withoutNUL puts the replacement character in place of each zero byte in the strings of
// a JSON text.
func withoutNUL(text []byte) []byte {
	const nul = "u0000"
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\\')
		if n < 0 || n+1 == len(text) {
			return append(out, text...)
		}
		out = append(out, text[:n]...)
		if text = text[n:]; bytes.HasPrefix(text[1:], []byte(nul)) {
			out = append(out, `\ufffd`...)
			text = text[1+len(nul):]
		} else {
			out, text = append(out, text[:2]...), text[2:]
		}
	}
	return out
}

// withoutHugeNumbers replaces numbers above the largest int64 by that, which is the
// largest whole number that JSON in C can hold.
func withoutHugeNumbers(pod *podnet.Pod) *podnet.Pod {
	limit := func(n uint64) uint64 { return min(n, math.MaxInt64) }
	limitAt := func(n *uint64) *uint64 {
		if n == nil {
			return nil
		}
		limited := limit(*n)
		return &limited
	}
	limited := *pod
	limited.Hugepages = slices.Clone(pod.Hugepages)
	for i := range limited.Hugepages {
		h := &limited.Hugepages[i]
		h.LimitBytes, h.UsedBytes, h.RequestBytes = limitAt(h.LimitBytes), limit(h.UsedBytes), limitAt(h.RequestBytes)
		h.Nodes = slices.Clone(h.Nodes)
		for j := range h.Nodes {
			h.Nodes[j].TotalBytes, h.Nodes[j].FreeBytes = limit(h.Nodes[j].TotalBytes), limit(h.Nodes[j].FreeBytes)
		}
	}
	return &limited
}
