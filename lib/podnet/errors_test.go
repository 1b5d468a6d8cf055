package podnet

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/eal"
)

// listedCodes are the values of the Code constants, in the order of their file.
func listedCodes(t *testing.T) []Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Code") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, Code(value))
		}
		return true
	})
	return codes
}

// TestErrorsHaveTheirCode asks every kind of error for every code.
func TestErrorsHaveTheirCode(t *testing.T) {
	codes := listedCodes(t)
	if len(codes) < 40 {
		t.Fatalf("found %d codes", len(codes))
	}
	for _, code := range codes {
		place := problemf(code, "remedy", "message")
		iface := interfaceErrorf("net1", code, "remedy", "message")
		for _, err := range []error{
			code, place, iface,
			fmt.Errorf("wrapped: %w", place),
			errors.Join(fs.ErrPermission, iface),
			Warning{Code: code, Source: "env", Where: "X", Message: "message"}.Err(),
		} {
			for _, other := range codes {
				if got := errors.Is(err, other); got != (other == code) {
					t.Errorf("errors.Is(%v of %s, %s) = %t", err, code, other, got)
				}
			}
			if got := mendable(err); got != code.Transient() {
				t.Errorf("waiting can help against %v of %s: %t, and the code says %t", err, code, got, code.Transient())
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	for want, err := range map[string]error{
		"message":                            problemf(CodeNoPorts, "", "message"),
		"message: remedy":                    problemf(CodeNoPorts, "remedy", "message"),
		`interface "net1": message: remedy`:  interfaceErrorf("net1", CodeMTU, "remedy", "message"),
		"annotation k: message":              Warning{Code: CodeStale, Source: "annotation", Where: "k", Message: "message"}.Err(),
		"no-ports":                           ErrNoPorts,
		`interface "a\nb": a message of "c"`: interfaceErrorf("a\nb", CodeMTU, "", "a message of %q", "c"),
	} {
		if got := err.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMendable(t *testing.T) {
	pending, driver := problemf(CodePending, "", "m"), interfaceErrorf("net1", CodeWrongDriver, "", "m")
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{nil, true},
		{fs.ErrPermission, true}, // a condition of the caller's own
		{errors.Join(pending, fs.ErrPermission), true},
		{errors.Join(pending, driver), false},
		{fmt.Errorf("arguments: %w", &eal.ValueError{Interface: "net1", What: "socket path"}), false},
		{fmt.Errorf("two: %w", errors.Join(pending, fmt.Errorf("one: %w", driver))), false},
		{&InterfaceError{"net1", Problem{Code: CodeNoSuchInterface, Transient: true}}, true}, // its status is to come
	} {
		if got := mendable(tt.err); got != tt.want {
			t.Errorf("mendable(%v) = %t", tt.err, got)
		}
	}
}
