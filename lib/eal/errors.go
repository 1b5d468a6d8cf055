package eal

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInexpressible is what errors.Is finds in every error about a value that
// cannot be written as an argument of DPDK.
var ErrInexpressible = errors.New("not expressible as a DPDK argument")

// ErrOption is wrapped by the errors about the caller's own choices, which do not
// depend on the pod: Config.FilePrefix, IOVA and Extra, and DevArg.
var ErrOption = errors.New("bad option for EAL")

// ErrRelease is what errors.Is finds, beside ErrInexpressible, in the error about
// a device that the DPDK release cannot drive and another one can.
var ErrRelease = errors.New("not to be driven by this DPDK release")

// ValueError names the interface and the value that cannot be written as an
// argument of DPDK, and what to do about it.
type ValueError struct {
	Interface string // the pod's interface; empty: the value belongs to none
	Where     string // the place that the value was read from; empty: unknown
	What      string // what the value is, such as "socket path"
	Value     string // the value as it was read: untrusted text
	Reason    string // what is wrong with it
	Remedy    string // what the pod's author can do
	Release   bool   // another DPDK release would take it
}

var _ error = (*ValueError)(nil)

// maxShown is how many bytes of an untrusted value an error's text repeats.
const maxShown = 160

// Error gives one line. The value is quoted, so it cannot forge another.
func (e *ValueError) Error() string {
	var b strings.Builder
	if e.Interface != "" {
		fmt.Fprintf(&b, "interface %s: ", shown(e.Interface))
	}
	fmt.Fprintf(&b, "%s %s", e.What, shown(e.Value))
	if e.Where != "" {
		fmt.Fprintf(&b, " (from %s)", e.Where)
	}
	fmt.Fprintf(&b, " %s", e.Reason)
	if e.Remedy != "" {
		fmt.Fprintf(&b, ": %s", e.Remedy)
	}
	return b.String()
}

// Is reports whether target is ErrInexpressible, or ErrRelease if that is the
// trouble.
func (e *ValueError) Is(target error) bool {
	return target == ErrInexpressible || e.Release && target == ErrRelease
}

// shown quotes s and cuts it to a length that fits a log.
func shown(s string) string {
	if len(s) > maxShown {
		return fmt.Sprintf("%q...", s[:maxShown])
	}
	return fmt.Sprintf("%q", s)
}

// releasef is errorf for a device that another DPDK release would take.
func (o Origin) releasef(what, value, remedy, reason string, args ...any) error {
	return &ValueError{
		Interface: o.Interface, Where: o.Where, What: what, Value: value, Reason: fmt.Sprintf(reason, args...), Remedy: remedy, Release: true,
	}
}

// errorf makes the error for a value of the device that o names.
func (o Origin) errorf(what, value, remedy, reason string, args ...any) error {
	return &ValueError{
		Interface: o.Interface,
		Where:     o.Where,
		What:      what,
		Value:     value,
		Reason:    fmt.Sprintf(reason, args...),
		Remedy:    remedy,
	}
}
