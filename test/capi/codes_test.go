package capi

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

// codes are the numbers in podnet_codes.h.
var codes = sync.OnceValue(func() map[string]int {
	header, err := os.ReadFile("../../capi/podnet_codes.h")
	if err != nil {
		panic(err) // the first test says so as well
	}
	numbers := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\t(PODNET_CODE_\w+) = (\d+)`).FindAllStringSubmatch(string(header), -1) {
		numbers[m[1]], _ = strconv.Atoi(m[2])
	}
	return numbers
})

// numberOf is a code's number in C; 0: it has none.
func numberOf(code podnet.Code) int {
	return codes()["PODNET_CODE_"+strings.ToUpper(strings.ReplaceAll(string(code), "-", "_"))]
}

// TestCodes: every code of the library has a number in C, and a name by it.
func TestCodes(t *testing.T) {
	source, err := os.ReadFile("../../lib/podnet/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("../../capi/codes.c")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\tCode\w+\s+Code = "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) == 0 {
		t.Fatal("no codes")
	}
	for _, m := range found {
		name := "PODNET_CODE_" + strings.ToUpper(strings.ReplaceAll(m[1], "-", "_"))
		if numberOf(podnet.Code(m[1])) == 0 {
			t.Errorf("capi/podnet_codes.h lacks %s: add it at the end, with the next number", name)
		}
		if !strings.Contains(string(table), "["+name+"] = \""+m[1]+"\",") {
			t.Errorf("capi/codes.c lacks the name %q of %s", m[1], name)
		}
	}
	if got, want := len(codes()), len(found)+1; got != want { // and OTHER
		t.Errorf("%d codes in C, want %d", got, want)
	}
}
