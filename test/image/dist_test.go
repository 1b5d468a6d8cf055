//go:build image

package image

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const root = "../.."

// A release has all of its parts in the requested version, and the checksums match the
// files.
func TestDist(t *testing.T) {
	const version = "v1.2.3"
	dir := filepath.Join(t.TempDir(), "dist")
	command(t, "make", "--no-print-directory", "-C", root, "dist", "VERSION="+version, "DISTDIR="+dir)

	file := func(name string) string { return filepath.Join(dir, "podnet-"+version+name) }
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dir
	sums, err := check.CombinedOutput()
	entries, _ := os.ReadDir(dir)
	if err != nil || strings.Count(string(sums), ": OK\n") != len(entries)-1 {
		t.Errorf("%d files, and sha256sum says: %v\n%s", len(entries), err, sums)
	}
	t.Run("programs", func(t *testing.T) {
		for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
			f, err := elf.Open(file("-linux-" + arch))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			dynamic := slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
			if f.Machine != machine || dynamic {
				t.Errorf("%s: machine %s, linked dynamically: %t", arch, f.Machine, dynamic)
			}
		}
		if out := command(t, file("-linux-amd64"), "version"); !strings.Contains(out, version) {
			t.Errorf("podnet calls itself %q", out)
		}
	})
	t.Run("archives", func(t *testing.T) {
		for archive, want := range map[string]string{
			".tar.gz":              "podnet-" + version + "/go.mod",
			"-linux-x86_64.tar.gz": "libpodnet.so.0",
		} {
			if list := command(t, "tar", "-tzf", file(archive)); !strings.Contains(list, want) {
				t.Errorf("%s has no %s", archive, want)
			}
		}
	})
	t.Run("manifests", func(t *testing.T) { checkOverlays(t, file, version) })
	t.Run("SBOM", func(t *testing.T) { checkSBOM(t, file(".cdx.json"), version) })
	t.Run("images", func(t *testing.T) {
		for _, name := range []string{"testpmd-wrapper", "podnet"} {
			image := command(t, "buildah", "pull", "--quiet", "oci-archive:"+file("-"+name+"-image.tar"))
			if got := labels(t, image)["org.opencontainers.image.version"]; got != version {
				t.Errorf("%s has version %q", name, got)
			}
			names := command(t, "buildah", "images", "--format", "{{.Name}}:{{.Tag}}")
			if want := "localhost/" + name + ":" + version; !strings.Contains(names, want) {
				t.Errorf("the archive is not of %s:\n%s", want, names)
			}
			t.Cleanup(func() { exec.Command("buildah", "rmi", "localhost/"+name+":"+version).Run() }) //nolint:errcheck // a leftover at worst
		}
	})
}

// checkOverlays wants a file for each overlay, of objects, with the images of the
// version.
func checkOverlays(t *testing.T, file func(string) string, version string) {
	t.Helper()
	overlays, err := filepath.Glob(root + "/manifests/overlays/*/kustomization.yaml")
	if err != nil || len(overlays) == 0 {
		t.Fatalf("overlays %v, %v", overlays, err)
	}
	image := regexp.MustCompile(`(?m)^ *(?:- )?image: (.*)$`)
	for _, path := range overlays {
		name := filepath.Base(filepath.Dir(path))
		text, err := os.ReadFile(file("-" + name + ".yaml"))
		if err != nil {
			t.Error(err)
			continue
		}
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			var object struct {
				Kind     string                `json:"kind"`
				Metadata struct{ Name string } `json:"metadata"`
			}
			if err := yaml.Unmarshal([]byte(document), &object); err != nil || object.Kind == "" || object.Metadata.Name == "" {
				t.Errorf("%s: %v: no object in\n%s", name, err, document)
			}
		}
		for _, m := range image.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "localhost/testpmd-wrapper:"+version {
				t.Errorf("%s has the image %s", name, m[1])
			}
		}
	}
}

// A version that cannot be part of file names and image tags, such as one with a slash, is
// refused before anything is made.
func TestDistVersion(t *testing.T) {
	for _, version := range []string{"", "release/1.2", "../v1", "v1.2.3+rc", "-v1", "v1&v2"} {
		dir := filepath.Join(t.TempDir(), "dist")
		out, err := exec.Command(root+"/scripts/dist.sh", version, dir, "manifests").CombinedOutput()
		var failed *exec.ExitError
		if !errors.As(err, &failed) || failed.ExitCode() != 64 || !strings.Contains(string(out), "version '"+version+"': want") {
			t.Errorf("%q: %v\n%s", version, err, out)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%q: there is a directory: %v", version, err)
		}
	}
}

// checkSBOM wants a document of CycloneDX that has the modules that the programs need.
func checkSBOM(t *testing.T, path, version string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var bom struct {
		Format     string `json:"bomFormat"`
		Components []struct{ Name, Version string }
		Depends    []struct{ Ref string } `json:"dependencies"`
		Metadata   struct {
			Component struct{ Name, Version string }
		}
	}
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	if main := bom.Metadata.Component; main.Name != "github.com/podnet/podnet" || main.Version != version {
		t.Errorf("the SBOM is of %+v, want version %s", main, version)
	}
	if bom.Format != "CycloneDX" || len(bom.Depends) < len(bom.Components) {
		t.Errorf("format %q, %d dependencies of %d components", bom.Format, len(bom.Depends), len(bom.Components))
	}
	for _, module := range []string{"github.com/spf13/cobra", "github.com/fsnotify/fsnotify"} {
		if !slices.ContainsFunc(bom.Components, func(c struct{ Name, Version string }) bool { return c.Name == module && c.Version != "" }) {
			t.Errorf("the SBOM has no %s", module)
		}
	}
}

// The same sources give the same image, whatever is in the cache.
func TestReproducible(t *testing.T) {
	var digests []string
	for range 2 {
		image := command(t, "./build.sh", "bookworm", "testpmd-wrapper", "--no-cache")
		digests = append(digests, command(t, "buildah", "images", "--digests", "--format", "{{.Digest}}", image))
	}
	if digests[0] != digests[1] {
		t.Errorf("two builds have the digests %q", digests)
	}
}
