package render

import (
	"embed"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Profile is a program that has its configuration in files.
type Profile string

// The profiles.
const (
	VPP     Profile = "vpp"      // startup.conf, and the commands that it has VPP execute
	TRex    Profile = "trex"     // trex_cfg.yaml
	Grout   Profile = "grout"    // a script that starts grout, and commands for grcli
	BESS    Profile = "bess"     // a script that starts bessd, and one for bessctl
	RDMAEnv Profile = "rdma-env" // variables of NCCL and UCX, for a shell
)

// Profiles are those that Files knows.
func Profiles() []Profile { return []Profile{VPP, TRex, Grout, BESS, RDMAEnv} }

// File is a file of a program's configuration.
type File struct {
	Name string // without a directory
	Text []byte
}

// ConfigOptions are the choices that a Pod does not hold.
type ConfigOptions struct {
	// EAL says what of the pod the program gets. Its Interfaces, where they are
	// given, set the order of the ports too. SkipUnusable is always set.
	EAL podnet.EALOptions
	// LeftOut, if not nil, gets what podnet.Pod.LeftOut says once a program takes
	// the ports by default.
	LeftOut func(reasons []error)
	// Dir is the directory that the program will find the files in, for files that
	// name each other.
	Dir string
	// GIDs gives the address tables of an RDMA device, as podnet.GIDs does; nil
	// where nothing asks for a GID. Nothing else is read.
	GIDs func(device string) ([]podnet.GID, error)
}

//go:embed profiles
var profiles embed.FS

// files are the names of each profile's files. Their templates have the same names.
var files = map[Profile][]string{
	VPP:     {"startup.conf", "interfaces.vpp"},
	TRex:    {"trex_cfg.yaml"},
	Grout:   {"grout.sh", "interfaces.grcli"},
	BESS:    {"bessd.sh", "ports.bess"},
	RDMAEnv: {"rdma.env"},
}

// FileNames are the names of a profile's files.
func FileNames(p Profile) ([]string, error) {
	if names := files[p]; names != nil {
		return slices.Clone(names), nil
	}
	return nil, fmt.Errorf("application %.100q: want one of %v", p, Profiles())
}

// Files renders the configuration of a program that has a profile. It fails with
// Template's errors.
func Files(pod *podnet.Pod, p Profile, o ConfigOptions) ([]File, error) {
	names, err := FileNames(p)
	if err != nil {
		return nil, err
	}
	r := newRenderer(pod, o)
	var rendered []File
	for _, name := range names {
		source, err := profiles.ReadFile("profiles/" + name + ".tmpl")
		if err != nil {
			return nil, err
		}
		text, err := r.render(string(p)+"/"+name, string(source))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, cause(err))
		}
		rendered = append(rendered, File{name, text})
	}
	return rendered, nil
}

// cause is the error without its place in a template that the user has not
// written.
func cause(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch e := e.(type) { //nolint:errorlint // looks for the place of the first in the chain
		case *podnet.Error:
			if e.Remedy == quoteIt {
				own := *e
				own.Remedy = "give it a name of letters and digits"
				return &own
			}
			return e
		case *podnet.InterfaceError, *eal.ValueError:
			return e
		}
	}
	return err
}

// path is where a file of the profile will be.
func (r *renderer) path(name string) string {
	return filepath.ToSlash(filepath.Join(r.options.Dir, name))
}
