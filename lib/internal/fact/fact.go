// Package fact has the types of facts: plain statements of the sources, each with the
// place that it was read from. A fact is not an answer; the resolver in lib/podnet weighs
// all facts to find one. Start at Fact and Origin.
package fact

import (
	"errors"
	"fmt"
	"io/fs"
)

// The names of sources, as they appear in evidence and warnings.
const (
	Annotation  = "annotation"   // Where: the annotation's key, and the path in its value
	Env         = "env"          // Where: the variable's name, and the path in its value
	DownwardAPI = "downward-api" // Where: a file of the volume, and the line
	Sysfs       = "sysfs"        // Where: a file or directory
	Dev         = "dev"          // Where: a device node
	Cgroup      = "cgroup"       // Where: a file
	Proc        = "proc"         // Where: a file
	File        = "file"         // Where: a file that a CNI plugin or DRA driver left, and the path in it
	Hint        = "hint"         // Where: the network's name, as the caller gave it
)

// Origin is the place that a fact was read from.
type Origin struct {
	Source string
	Where  string
}

// At gives the origin of a part of the text at o.
func (o Origin) At(part string) Origin { return Origin{o.Source, o.Where + part} }

// IsZero reports whether o is no place.
func (o Origin) IsZero() bool { return o == Origin{} }

// From gives o itself, for the facts that embed it.
func (o Origin) From() Origin { return o }

// Fact is one of the types of this package that say so with a fact method.
type Fact interface {
	From() Origin
	fact()
}

// Problem is something that was read, or had to be, and cannot be used as it
// stands.
type Problem struct {
	Origin
	Code Code
	Err  error
}

// Code names a kind of Problem.
type Code string

// The codes.
const (
	Malformed      Code = "malformed"        // not of the form that it should have
	Unreadable     Code = "unreadable"       // there, and cannot be read
	Conflict       Code = "conflict"         // two places say different things
	NotPresent     Code = "not-present"      // a device that this machine does not have
	RelativePath   Code = "relative-path"    // a socket whose directory is not known
	Stale          Code = "stale"            // overtaken by a later entry
	Misspelled     Code = "misspelled"       // read by a name that is not the right one
	NoAnnotations  Code = "no-annotations"   // no annotations file
	NoStatus       Code = "no-status"        // an annotations file without network-status
	NoNetworks     Code = "no-networks"      // a network-status without networks
	Pending        Code = "pending"          // a network that was asked for, without a status
	SharedCPUs     Code = "shared-cpus"      // CPUs that other containers run on too
	NoHugetlbfs    Code = "no-hugetlbfs"     // another file system where hugepages should be
	BondMember     Code = "bond-member"      // a device whose netdev is a part of a bond
	MTU            Code = "mtu"              // a netdev whose MTU is not the network's
	UnknownVar     Code = "unknown-variable" // a variable that names devices, by whom podnet does not know
	DefaultNetwork Code = "default-network"  // a device that carries the pod's default network
)

// Problemf makes a Problem whose error is formatted as by fmt.Errorf.
func Problemf(at Origin, code Code, format string, args ...any) Problem {
	return Problem{Origin: at, Code: code, Err: fmt.Errorf(format, args...)}
}

// WithoutPath gives the reason in an error about a file, without the file's path,
// which a Problem has in its origin.
func WithoutPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// Text is a text that somebody else wrote, and where it was read.
type Text struct {
	Origin
	Value string
	// Lost is true if there is such a text, and it could not be read; that was
	// reported.
	Lost bool
}

func (Problem) fact()         {}
func (Label) fact()           {}
func (Network) fact()         {}
func (LostNetworks) fact()    {}
func (Selection) fact()       {}
func (NetworkInfo) fact()     {}
func (PodNetwork) fact()      {}
func (ResourceHint) fact()    {}
func (DeviceHint) fact()      {}
func (NamedInterface) fact()  {}
func (MemifInterface) fact()  {}
func (AFXDPDevice) fact()     {}
func (UnknownVariable) fact() {}
func (DefaultRoute) fact()    {}
func (HostNetwork) fact()     {}
func (Capabilities) fact()    {}
func (ReadOnlySys) fact()     {}
func (Userspace) fact()       {}
func (Socket) fact()          {}
func (Allocation) fact()      {}
func (ClaimedDevice) fact()   {}
func (Function) fact()        {}
func (VDPADevice) fact()      {}
func (RDMADevice) fact()      {}
func (Netdev) fact()          {}
func (Container) fact()       {}
func (CPUs) fact()            {}
func (Quota) fact()           {}
func (Siblings) fact()        {}
func (MemoryNodes) fact()     {}
func (Node) fact()            {}
func (HugepagePool) fact()    {}
func (HugepageLimit) fact()   {}
func (HugepageAmount) fact()  {}
func (HugepageMount) fact()   {}
