// Package podnettest makes a pod out of a text file, so that code which uses
// package podnet can be tested on any machine, without Kubernetes or hardware.
//
// A scenario is a txtar archive (see golang.org/x/tools/txtar): a comment, and
// sections that begin with a line "-- name --". The name says what a section is:
//
//   - A name that begins with a slash is a file of the root, with the section as
//     its content. A name that ends with a slash is a directory, and has no
//     content.
//   - "symlinks" holds one "path -> target" per line. Paths are absolute, targets
//     relative or absolute, and need not exist.
//   - "sockets" holds the path of one Unix domain socket per line. Nobody listens on
//     them. They need Linux.
//   - "hints" holds the caller's hints, one network=resource per line.
//   - "environ" holds the environment, one NAME=value per line. A value in double
//     quotes is unquoted as a Go string, for newlines and the like.
//   - "annotations/KEY" is the value of the pod's annotation KEY, without the
//     last newline. All of them together become the file annotations of the
//     Downward API volume, escaped as kubelet escapes.
//   - "podinfo/NAME" is another file of that volume, as it is. The name
//     "podinfo/annotations" gives the annotations file byte for byte, in place
//     of "annotations/KEY".
//
// The Downward API volume is /etc/podnetinfo, laid out as kubelet does it: a
// directory with a time stamp for its name, a link ..data to it, and a link
// through ..data for each file. In sections of lines, blank lines and lines that
// begin with '#' are skipped. Any other section is the test's own,
// such as the expected result; Section returns it.
//
// A pod changes while it runs: Next brings a scenario into its next state. The package
// starts no process and no Kubernetes. Start at Load or New.
//
// File names of PCI devices have colons in them, so scenarios work on Linux and
// macOS, not on Windows.
package podnettest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/podnet/podnet/lib/podnet"
)

// The Downward API volume, as kubelet's atomic writer lays it out.
const (
	podinfoDir   = "/etc/podnetinfo"
	podinfoStamp = "..2026_01_02_03_04_05.123456789"
)

// Scenario is a pod that Parse has read and Write makes. The exported fields may be
// changed before the scenario is written.
type Scenario struct {
	// Comment is the text in front of the first section.
	Comment string
	// Root is the directory that Write wrote to; empty before.
	Root string
	// Environ is the pod's environment, as podnet.Options takes it.
	Environ []string
	// Hints are the caller's, as podnet.Options takes them.
	Hints map[string]string

	files    map[string][]byte // by absolute path inside the root; nil content and a final slash: a directory
	links    map[string]string // absolute path inside the root to target
	sockets  []string          // absolute paths inside the root
	sections map[string][]byte // the test's own
	updates  int               // of the Downward API volume
}

// Load reads the scenario in file and writes its root below t.TempDir. It ends
// the test if it cannot.
func Load(t testing.TB, file string) *Scenario {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return New(t, string(data))
}

// New is Load for a scenario that the test itself holds.
func New(t testing.TB, text string) *Scenario {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Options are the options under which podnet.Discover sees the scenario and
// nothing of the machine that the test runs on.
func (s *Scenario) Options() podnet.Options {
	return podnet.Options{Root: s.Root, Environ: s.Environ, Hints: s.Hints}
}

// Section gives the content of a section that is the test's own, and whether
// there is one of that name.
func (s *Scenario) Section(name string) ([]byte, bool) {
	data, ok := s.sections[name]
	return data, ok
}

// Parse reads a scenario. Its errors name the section, and the line in it.
func Parse(data []byte) (*Scenario, error) {
	archive := txtar.Parse(data)
	s := &Scenario{
		Comment:  string(archive.Comment),
		Environ:  []string{},
		files:    map[string][]byte{},
		links:    map[string]string{},
		sections: map[string][]byte{},
	}
	annotations := map[string]string{}
	podinfo := map[string][]byte{}
	seen := map[string]bool{}
	for _, f := range archive.Files {
		if seen[f.Name] {
			return nil, fmt.Errorf("section %q is there twice", f.Name)
		}
		seen[f.Name] = true
		var err error
		dir, name, _ := strings.Cut(f.Name, "/")
		switch {
		case strings.HasPrefix(f.Name, "/"):
			err = s.addFile(f.Name, f.Data)
		case dir == "annotations" && name != "":
			annotations[name] = strings.TrimSuffix(string(f.Data), "\n")
		case dir == "podinfo" && name != "":
			podinfo[name] = f.Data
		case f.Name == "environ":
			s.Environ, err = parseEnviron(f.Data)
		case f.Name == "hints":
			s.Hints, err = parseHints(f.Data)
		case f.Name == "sockets":
			s.sockets, err = parsePaths(f.Data)
		case f.Name == "symlinks":
			err = s.parseLinks(f.Data)
		default:
			s.sections[f.Name] = f.Data
		}
		if err != nil {
			return nil, fmt.Errorf("section %q: %w", f.Name, err)
		}
	}
	if len(annotations) > 0 {
		if _, ok := podinfo["annotations"]; ok {
			return nil, fmt.Errorf("section %q excludes sections %q", "podinfo/annotations", "annotations/KEY")
		}
		podinfo["annotations"] = []byte(FormatAnnotations(annotations))
	}
	if len(podinfo) > 0 {
		s.addPodinfo(podinfo)
	}
	for name := range s.links {
		if _, ok := s.files[name]; ok {
			return nil, fmt.Errorf("%q is both a file and a link", name)
		}
	}
	return s, nil
}

// FormatAnnotations gives the content of an annotations file as kubelet writes
// it: sorted keys, quoted values, no newline at the end.
func FormatAnnotations(annotations map[string]string) string {
	var lines []string
	for key, value := range annotations {
		lines = append(lines, key+"="+strconv.Quote(value))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Write makes the scenario's files and links below dir, which has to be empty,
// and makes dir the scenario's Root. A scenario that was written once can be
// written again elsewhere.
func (s *Scenario) Write(dir string) error {
	if entries, err := os.ReadDir(dir); err != nil {
		return err
	} else if len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	for name, data := range s.files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(file, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	for name, target := range s.links {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, file); err != nil {
			return err
		}
	}
	for _, name := range s.sockets {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := makeSocket(file); err != nil {
			return err
		}
	}
	s.Root = dir
	return nil
}

func (s *Scenario) addFile(name string, data []byte) error {
	clean := path.Clean(name)
	if strings.HasSuffix(name, "/") {
		if len(data) > 0 {
			return fmt.Errorf("a directory has no content")
		}
		clean += "/"
	}
	if clean != name {
		return fmt.Errorf("not a clean path: write %q", clean)
	}
	s.files[name] = data
	return nil
}

func (s *Scenario) addPodinfo(files map[string][]byte) {
	for name, data := range files {
		s.files[path.Join(podinfoDir, podinfoStamp, name)] = data
		s.links[path.Join(podinfoDir, name)] = "..data/" + name
	}
	s.links[path.Join(podinfoDir, "..data")] = podinfoStamp
}

func (s *Scenario) parseLinks(data []byte) error {
	return eachLine(data, func(line string) error {
		name, target, ok := strings.Cut(line, " -> ")
		if !ok || target == "" {
			return fmt.Errorf("%q is not of the form path -> target", line)
		}
		if name != path.Clean(name) || !path.IsAbs(name) {
			return fmt.Errorf("%q is not a clean absolute path", name)
		}
		if _, twice := s.links[name]; twice {
			return fmt.Errorf("%q is a link already", name)
		}
		s.links[name] = target
		return nil
	})
}

func parseHints(data []byte) (map[string]string, error) {
	hints := map[string]string{}
	err := eachLine(data, func(line string) error {
		network, resource, ok := strings.Cut(line, "=")
		if !ok || network == "" {
			return fmt.Errorf("%q is not of the form network=resource", line)
		}
		hints[network] = resource
		return nil
	})
	return hints, err
}

func parsePaths(data []byte) ([]string, error) {
	var paths []string
	err := eachLine(data, func(line string) error {
		if line != path.Clean(line) || !path.IsAbs(line) {
			return fmt.Errorf("%q is not a clean absolute path", line)
		}
		paths = append(paths, line)
		return nil
	})
	return paths, err
}

func parseEnviron(data []byte) ([]string, error) {
	environ := []string{}
	err := eachLine(data, func(line string) error {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return fmt.Errorf("%q is not of the form NAME=value", line)
		}
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			unquoted, err := strconv.Unquote(value)
			if err != nil {
				return fmt.Errorf("%s: the value is not a quoted Go string", name)
			}
			value = unquoted
		}
		environ = append(environ, name+"="+value)
		return nil
	})
	return environ, err
}

// eachLine calls f for every line that is not blank and not a comment, and adds
// the line's number to its error.
func eachLine(data []byte, f func(line string) error) error {
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}
