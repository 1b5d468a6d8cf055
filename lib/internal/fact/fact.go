// Package fact has what the sources say: plain statements, each with the place
// that it was read from. A fact is no answer yet; the resolver weighs all of
// them to make one.
package fact

import "fmt"

// The names of sources, as they appear in evidence and warnings.
const (
	Annotation  = "annotation"   // Where: the annotation's key, and the path in its value
	Env         = "env"          // Where: the variable's name, and the path in its value
	DownwardAPI = "downward-api" // Where: a file of the volume, and the line
	Sysfs       = "sysfs"        // Where: a file or directory
	Dev         = "dev"          // Where: a device node
	Cgroup      = "cgroup"       // Where: a file
	Proc        = "proc"         // Where: a file
)

// Origin is the place that a fact was read from.
type Origin struct {
	Source string
	Where  string
}

// At gives the origin of a part of what was read at o.
func (o Origin) At(part string) Origin { return Origin{o.Source, o.Where + part} }

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

// Code tells kinds of Problem apart.
type Code string

// The codes.
const (
	Malformed     Code = "malformed"      // not of the form that it should have
	Unreadable    Code = "unreadable"     // there, and cannot be read
	Conflict      Code = "conflict"       // two places say different things
	NotPresent    Code = "not-present"    // a device that this machine does not have
	RelativePath  Code = "relative-path"  // a socket whose directory is not known
	Stale         Code = "stale"          // overtaken by a later entry
	Misspelled    Code = "misspelled"     // read by a name that is not the right one
	NoAnnotations Code = "no-annotations" // no annotations file
	NoStatus      Code = "no-status"      // an annotations file without network-status
	NoNetworks    Code = "no-networks"    // a network-status without networks
)

// Problemf makes a Problem whose error is formatted as by fmt.Errorf.
func Problemf(at Origin, code Code, format string, args ...any) Problem {
	return Problem{Origin: at, Code: code, Err: fmt.Errorf(format, args...)}
}

func (Problem) fact()         {}
func (Network) fact()         {}
func (LostNetworks) fact()    {}
func (Userspace) fact()       {}
func (Allocation) fact()      {}
func (Function) fact()        {}
func (VDPADevice) fact()      {}
func (Netdev) fact()          {}
func (CPUs) fact()            {}
func (Quota) fact()           {}
func (Node) fact()            {}
func (HugepagePool) fact()    {}
func (HugepageLimit) fact()   {}
func (HugepageRequest) fact() {}
func (HugepageMount) fact()   {}
