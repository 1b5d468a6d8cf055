package render

import (
	"os"
	"regexp"
	"testing"
)

// TestFunctionsAreDocumented holds the reference to the functions that there are.
func TestFunctionsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, line := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(string(page), -1) {
		for _, name := range regexp.MustCompile("`([a-zA-Z0-9]+)").FindAllStringSubmatch(line[1], -1) {
			documented[name[1]] = true
		}
	}
	functions := newRenderer(nil, ConfigOptions{}).functions()
	for name := range functions {
		if name != guardName && !documented[name] {
			t.Errorf("templates.md does not have %s", name)
		}
	}
	for name := range documented {
		if functions[name] == nil {
			t.Errorf("templates.md has %s, but no function has this name", name)
		}
	}
}
