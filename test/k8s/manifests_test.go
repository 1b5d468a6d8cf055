//go:build k8s

package k8s

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const manifests = "../../manifests"

var namespaceOf = regexp.MustCompile(`(?m)^  namespace: ([a-z0-9-]+)$`)

// The API server accepts every directory that can be applied, strictly: a field that it
// does not know is an error.
func TestManifestsAccepted(t *testing.T) {
	t.Parallel() // with TestFabricKilled, which mostly waits
	found := 0
	if err := filepath.WalkDir(manifests, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "kind: Component") {
			return nil // a part of others
		}
		found++
		t.Run(strings.TrimPrefix(filepath.Dir(path), manifests+"/"), func(t *testing.T) {
			built, err := kubectl(t.Context(), nil, "kustomize", filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			n := newNamespace(t)
			args := []string{"apply", "--dry-run=server", "--validate=strict", "-f", "-"}
			if named := namespaceOf.FindAllStringSubmatch(built, -1); named != nil {
				for _, match := range named { // a dry run does not create it; it may exist already
					kubectl(t.Context(), nil, "create", "namespace", match[1]) //nolint:errcheck // as said
				}
			} else {
				args = append(args, "-n", n.name)
			}
			// Admission looks up the objects that a pod names.
			for document := range strings.SplitSeq(built, "\n---\n") {
				if strings.Contains("\n"+document, "\nkind: ServiceAccount\n") {
					n.apply(document)
				}
			}
			if _, err := kubectl(t.Context(), strings.NewReader(built), args...); err != nil {
				t.Error(err)
			}
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("there are no manifests")
	}
}
