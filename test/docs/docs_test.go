// Package docs tests the documents: it runs every command in them, compiles every snippet
// and reads every manifest. Their wording is not tested here, but in test/prose. Start
// with TestEveryBlockIsHeld: it lists which test is for which kind of block.
package docs

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// fence is a fenced block of a Markdown file.
type fence struct {
	at   string // file:line
	lang string
	text string
}

func (f fence) lines() []string { return strings.Split(strings.TrimSuffix(f.text, "\n"), "\n") }

// documents are the contents of the Markdown files, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := make(map[string]string)
	for _, path := range []string{"README.md", "CONTRIBUTING.md"} {
		docs[path] = read(t, path)
	}
	err := fs.WalkDir(os.DirFS(root), "docs", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			docs[path] = read(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// read gives a file of the project.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// matches are the first groups of all matches.
func matches(re *regexp.Regexp, s string) []string {
	var found []string
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		found = append(found, m[1])
	}
	return found
}

// fences are the fenced blocks of all documents that are in one of the
// languages, in no particular order. There must be one.
func fences(t *testing.T, langs ...string) []fence {
	t.Helper()
	var found []fence
	for path, text := range documents(t) {
		var open *fence
		for i, line := range strings.Split(text, "\n") {
			lang, isFence := strings.CutPrefix(line, "```")
			switch {
			case isFence && open == nil:
				open = &fence{at: fmt.Sprintf("%s:%d", path, i+1), lang: lang}
			case isFence:
				if langs == nil || slices.Contains(langs, open.lang) {
					found = append(found, *open)
				}
				open = nil
			case open != nil:
				open.text += line + "\n"
			}
		}
		if open != nil {
			t.Errorf("%s: the block is not closed", open.at)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no document has a block in %q", langs)
	}
	return found
}

// commands are the lines of the shell blocks that start with a program.
func commands(t *testing.T, program string) map[string]string {
	t.Helper()
	at := make(map[string]string)
	for _, f := range fences(t, "sh") {
		for _, line := range f.lines() {
			if strings.HasPrefix(line, program+" ") {
				at[line] = f.at
			}
		}
	}
	if len(at) == 0 {
		t.Fatalf("no document has a command of %s", program)
	}
	return at
}

// ofOtherClusters are commands that bring the image to clusters that no test has.
// test/k8s/node builds and imports the image in its own way.
var ofOtherClusters = []string{
	"kind load docker-image localhost/testpmd-wrapper:latest",
	"kind load image-archive podnet-VERSION-testpmd-wrapper-image.tar", "minikube image load podnet-VERSION-testpmd-wrapper-image.tar",
	"minikube image load localhost/testpmd-wrapper:latest",
	"oc new-build -n podnet --binary --strategy=docker --name=testpmd-wrapper",
	"oc start-build -n podnet testpmd-wrapper --from-dir=. --build-arg=VERSION=$(git describe --tags --always) --follow",
}

// TestEveryBlockIsHeld fails on blocks that no other test reads.
func TestEveryBlockIsHeld(t *testing.T) {
	for _, f := range fences(t) {
		switch f.lang {
		case "go", "yaml", "txtar", "c":
		case "sh":
			if ofPodnet(f) { // TestCommandsOfPodnet runs it
				continue
			}
			for _, line := range f.lines() {
				switch program, _, _ := strings.Cut(line, " "); program {
				case "make", "testpmd-wrapper":
				case "go":
					// test/layers makes a module that requires this one.
					if want := "go get " + module(t); line != want {
						t.Errorf("%s: %q, want %q", f.at, line, want)
					}
				case "kind", "minikube", "oc":
					if !slices.Contains(ofOtherClusters, line) {
						t.Errorf("%s: %q is not one of %q", f.at, line, ofOtherClusters)
					}
				case "kubectl":
					// test/k8s runs those that need no device, and has every manifest accepted.
					_, dir, applies := strings.Cut(line, " -k ")
					if _, err := os.Stat(filepath.Join("../..", dir, "kustomization.yaml")); applies && err != nil {
						t.Errorf("%s: %v", f.at, err)
					}
				default:
					t.Errorf("%s: no test runs %q", f.at, line)
				}
			}
		default:
			t.Errorf("%s: no test reads a block in %q", f.at, f.lang)
		}
	}
}

// module is the import path of this module.
func module(t *testing.T) string {
	t.Helper()
	first, _, _ := strings.Cut(read(t, "go.mod"), "\n")
	return strings.TrimPrefix(first, "module ")
}

// dryRun gives the lines that make would run.
func dryRun(t *testing.T, targets ...string) []string {
	t.Helper()
	cmd := exec.Command("make", append([]string{"--dry-run", "--no-print-directory", "-C", root}, targets...)...)
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ") // flags of a variable that is empty
	}
	return lines
}

// CI runs the documents' make commands, so here each only has to be a command of CI.
func TestCIRunsTheMakeCommands(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(root, ".ci/run"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range regexp.MustCompile(`(?m)^make ([a-z0-9 -]+?)(?: >\S+ 2>&1 &)?$`).FindAllStringSubmatch(string(script), -1) {
		targets = append(targets, strings.Fields(m[1])...)
	}
	if len(targets) == 0 {
		t.Fatal(".ci/run has no make command")
	}
	ci := dryRun(t, targets...)
	for command, at := range commands(t, "make") {
		if command == "make dist" { // test/image runs it
			continue
		}
		for _, line := range dryRun(t, strings.Fields(command)[1:]...) {
			if !slices.Contains(ci, line) {
				t.Errorf("%s: %s runs %q, which .ci/run does not", at, command, line)
			}
		}
	}
}

// A target that is named in the text has to exist.
func TestTargetsExist(t *testing.T) {
	for path, text := range documents(t) {
		for _, m := range regexp.MustCompile("`make ([a-z0-9-]+)`").FindAllStringSubmatch(text, -1) {
			t.Logf("%s: make %s", path, m[1])
			dryRun(t, m[1])
		}
	}
}

// A link into the project has to lead to a file and, if it names a heading, to that.
func TestLinks(t *testing.T) {
	docs := documents(t)
	for _, path := range []string{"CHANGELOG.md", "SECURITY.md"} {
		docs[path] = read(t, path)
	}
	link := regexp.MustCompile(`\]\(([^)#: ]*)(?:#([^) ]*))?\)`)
	anchored := 0
	for path, text := range docs {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := path
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(path), m[1])
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %v", path, err)
			} else if m[2] != "" {
				anchored++
				if !slices.Contains(anchors(read(t, target)), m[2]) {
					t.Errorf("%s: %s has no heading #%s", path, target, m[2])
				}
			}
		}
	}
	if anchored < 10 {
		t.Errorf("only %d links to headings found", anchored)
	}
}

// anchors are the names by which GitHub links to the headings of a document.
func anchors(text string) []string {
	var found []string
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, heading := range matches(regexp.MustCompile(`(?m)^#+ (.*)$`), text) {
		name := strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
		for n := 1; slices.Contains(found, name); n++ {
			name = fmt.Sprintf("%s-%d", strings.TrimSuffix(name, fmt.Sprintf("-%d", n-1)), n)
		}
		found = append(found, name)
	}
	return found
}

// The first line of every page says whom it is for.
func TestReaders(t *testing.T) {
	for path, text := range documents(t) {
		if !strings.HasPrefix(path, "docs/") {
			continue
		}
		_, text, _ = strings.Cut(text, "\n")
		text = strings.TrimSpace(regexp.MustCompile(`<!--.*?-->`).ReplaceAllString(text, ""))
		if !strings.HasPrefix(text, "For ") {
			first, _, _ := strings.Cut(text, "\n")
			t.Errorf("%s: the first line does not say whom the page is for: %q", path, first)
		}
	}
}

// The README is the way in, so it is short, and leads to every document.
func TestReadme(t *testing.T) {
	docs := documents(t)
	readme := docs["README.md"]
	if lines := strings.Count(readme, "\n"); lines > 150 {
		t.Errorf("README.md has %d lines, want 150 at most", lines)
	}
	for path := range docs {
		if path != "README.md" && !strings.Contains(readme, "("+path+")") && !strings.Contains(readme, "("+path+"#") {
			t.Errorf("README.md does not link to %s", path)
		}
	}
}

func TestNothingIsLeftToDo(t *testing.T) {
	for path, text := range documents(t) {
		for i, line := range strings.Split(text, "\n") {
			if strings.Contains(line, "TODO") {
				t.Errorf("%s:%d: %s", path, i+1, line)
			}
		}
	}
}
