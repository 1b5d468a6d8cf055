package docs

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
)

const reference = "docs/reference/sources.md"

// TestSourcesAreDocumented compares the reference with the code: it has to name every
// annotation, variable, file and directory that the library reads.
func TestSourcesAreDocumented(t *testing.T) {
	text := documents(t)[reference]
	dirs := []string{filepath.Join(root, "lib/podnet")}
	sources := filepath.Join(root, "lib/internal/source")
	err := filepath.WalkDir(sources, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir() || path == sources:
			return err
		case d.Name() == "testdata":
			return fs.SkipDir
		}
		dirs = append(dirs, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // and where the code has them
	for _, dir := range dirs {
		maps.Copy(names, inputs(parse(t, dir)))
	}
	if len(names) < 40 {
		t.Errorf("the code has %d names of inputs, which cannot be all: %q", len(names), slices.Sorted(maps.Keys(names)))
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !hasName(text, name) {
			t.Errorf("%s does not have %q, which %s reads", reference, name, names[name])
		}
	}
}

// hasName reports whether text has name, and not only a longer name.
func hasName(text, name string) bool {
	pattern := regexp.QuoteMeta(name)
	if !strings.HasPrefix(name, "_") {
		pattern = `(?:^|[^A-Za-z0-9_./-])` + pattern
	}
	if !strings.HasSuffix(name, "/") && !strings.HasSuffix(name, "_") && !strings.HasSuffix(name, "-") {
		pattern += `(?:$|[^A-Za-z0-9_-])`
	}
	return regexp.MustCompile(pattern).MatchString(text)
}

// inputNames matches the names of inputs: the key of an annotation or of an attribute, a
// path, a variable or the end of its name.
var inputNames = regexp.MustCompile(`^(?:[a-z0-9.-]*[a-z][a-z0-9.-]*/[A-Za-z][A-Za-z0-9._-]*` +
	`|/(?:sys|proc|dev|etc|var|tmp)/[^ %]*` +
	`|(?:PCIDEVICE|SRIOVNETWORK)_[^ %]*|CONTAINER_NAME|SRIOV-VF-PCI-ADDR|NF-DEV|AFXDP_[^ %]*|_[A-Z][A-Z_]*)$`)

// program is the parsed Go files of a directory, without its tests.
type program struct {
	fset  *token.FileSet
	files []*ast.File
	info  types.Info
	scope *types.Scope
}

// parse reads a package without its imports: only its own constants are needed.
func parse(t *testing.T, dir string) program {
	t.Helper()
	p := program{fset: token.NewFileSet(), info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(p.fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, file)
	}
	if len(p.files) == 0 {
		t.Fatalf("%s has no Go files", dir)
	}
	config := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, _ := config.Check(dir, p.fset, p.files, &p.info)
	p.scope = pkg.Scope()
	return p
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) {
	return nil, errors.New("imports are not read")
}

// inputs gives the names of inputs among a package's texts, with the place of one use. A
// name is as long as the compiler can compute it.
func inputs(p program) map[string]string {
	found := map[string]string{}
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.Field:
				n.Tag = nil
			case ast.Expr:
				value := p.info.Types[n].Value
				if value == nil || value.Kind() != constant.String {
					return true
				}
				// A place is a name and the text behind it.
				text := strings.TrimRight(constant.StringVal(value), ":[")
				if inputNames.MatchString(text) && text != podnet.Schema {
					found[text] = p.fset.Position(n.Pos()).String()
				}
				return false // the parts of a longer name are not names
			}
			return true
		})
	}
	return found
}

// TestWarningCodesAreDocumented compares the reference's tables of codes and of sources
// with the code, in both directions.
func TestWarningCodesAreDocumented(t *testing.T) {
	text := documents(t)[reference]
	facts := parse(t, filepath.Join(root, "lib/internal/fact"))
	codes, sources := map[string]string{}, []string{} // the codes' values by the constants' names
	for _, name := range facts.scope.Names() {
		c, ok := facts.scope.Lookup(name).(*types.Const)
		if !ok || filepath.Base(facts.fset.Position(c.Pos()).Filename) != "fact.go" {
			continue
		}
		switch value := constant.StringVal(c.Val()); {
		case strings.HasSuffix(c.Type().String(), ".Code"):
			codes[name] = value
		default:
			sources = append(sources, value)
		}
	}
	listed := matches(regexp.MustCompile(`(?m)^\tCode\w+ +Code = "([^"]+)"`), read(t, "lib/podnet/codes.go"))
	for name, code := range codes {
		if !slices.Contains(listed, code) {
			t.Errorf("lib/podnet/codes.go has no constant for fact.%s, %q", name, code)
		}
	}
	public := slices.Collect(maps.Values(codes))
	for title, want := range map[string][]string{"Warning codes": public, "Sources of evidence": sources} {
		_, section, _ := strings.Cut(text, "\n## "+title+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		got := matches(regexp.MustCompile("(?m)^\\| `([^`]+)` \\|"), section)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s, %s (-code +document):\n%s", reference, title, diff)
		}
	}
}
