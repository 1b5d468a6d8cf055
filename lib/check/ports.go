package check

import (
	"context"
	"errors"

	"github.com/podnet/podnet/lib/podnet"
)

var _ = register(Check{
	ID: "ports-ready",
	Needs: func(s *Subject) string {
		if len(s.Ports) == 0 {
			return "there is no port"
		}
		return ""
	},
	Run: portsReady,
})

// portsReady repeats what is known of the ports since the pod was resolved.
func portsReady(_ context.Context, s *Subject) []Result {
	var results []Result
	for _, p := range s.Ports {
		for _, err := range split(p.NotReady) {
			if e, ok := errors.AsType[*podnet.InterfaceError](err); ok {
				results = append(results, result(e.Interface, e.Problem))
			} else {
				results = append(results, result(p.Interface, podnet.Problem{Message: err.Error()}))
			}
		}
	}
	return results
}

// split gives the errors that were joined.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
