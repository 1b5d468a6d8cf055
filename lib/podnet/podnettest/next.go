package podnettest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Next brings the pod into its next state, for tests of podnet.Wait and
// podnet.Watch: text is a scenario with the sections that are new or different.
// It ends the test if it cannot. Update says what changes.
func (s *Scenario) Next(t testing.TB, text string) {
	t.Helper()
	if err := s.Update([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// Update changes the root of a scenario that was written, in the way that a pod's root
// changes. If data has annotations or files of the Downward API volume, these replace the
// whole volume in one step, as kubelet does it. Other files, links and sockets are added
// or replaced one by one. An environment and hints do not change while a process runs, so
// sections with them are an error.
func (s *Scenario) Update(data []byte) error {
	if s.Root == "" {
		return errors.New("the scenario is not written yet")
	}
	next, err := Parse(data)
	switch {
	case err != nil:
		return err
	case len(next.Environ) > 0 || next.Hints != nil:
		return errors.New("the environment and the hints of a process do not change")
	}
	volume := map[string][]byte{}
	stamp := path.Join(podinfoDir, podinfoStamp) + "/"
	for name, data := range next.files {
		if file, ok := strings.CutPrefix(name, stamp); ok {
			volume[file] = data
			delete(next.files, name)
		}
	}
	maps.DeleteFunc(next.links, func(name, _ string) bool { return len(volume) > 0 && path.Dir(name) == podinfoDir })
	if err := next.replace(s.Root); err != nil {
		return err
	}
	if len(volume) > 0 {
		s.updates++
		return replaceVolume(filepath.Join(s.Root, filepath.FromSlash(podinfoDir)), fmt.Sprintf("%s-%d", podinfoStamp, s.updates), volume)
	}
	return nil
}

// replace writes files, links and sockets below dir, each in the place of one that
// is there.
func (s *Scenario) replace(dir string) error {
	for name, data := range s.files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(file, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := replaceBy(file, func(tmp string) error { return os.WriteFile(tmp, data, 0o644) }); err != nil {
			return err
		}
	}
	for name, target := range s.links {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := replaceBy(file, func(tmp string) error { return os.Symlink(target, tmp) }); err != nil {
			return err
		}
	}
	for _, name := range s.sockets {
		if err := replaceBy(filepath.Join(dir, filepath.FromSlash(name)), makeSocket); err != nil {
			return err
		}
	}
	return nil
}

// replaceBy has a file made beside the one that it then replaces.
func replaceBy(file string, create func(tmp string) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	tmp := file + "~"
	if err := create(tmp); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// replaceVolume does the same as kubelet's atomic writer: it writes all files into a new
// directory, turns the link ..data to it, and removes the old directory.
func replaceVolume(dir, stamp string, files map[string][]byte) error {
	for name, data := range files {
		file := filepath.Join(dir, stamp, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	data := filepath.Join(dir, "..data")
	old, _ := os.Readlink(data) // none before the first state with a volume
	if err := replaceBy(data, func(tmp string) error { return os.Symlink(stamp, tmp) }); err != nil {
		return err
	}
	for name := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := replaceBy(file, func(tmp string) error { return os.Symlink("..data/"+name, tmp) }); err != nil {
			return err
		}
	}
	if old == "" {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(dir, old))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, kept := files[e.Name()]; !kept {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(filepath.Join(dir, old))
}
