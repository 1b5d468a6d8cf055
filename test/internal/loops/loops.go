// Package loops builds a program that has only podnet's packet loops, without Go, for
// test/instructions and test/benchpeers. It does not run the program. Start with
// c/loops.c, which is the program.
package loops

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// flags are the flags with which go build compiles the loops: cgo's own and internal/dpdk's.
var flags = []string{"-O2", "-g", "-O3", "-Wall", "-Wextra"}

// Build compiles the program below the module's root, against the machine's DPDK.
func Build(root, out string) error {
	sources, err := filepath.Glob(filepath.Join(root, "internal/dpdk/*.c"))
	if err != nil || len(sources) == 0 {
		return fmt.Errorf("no sources below %s", root)
	}
	pkg, err := exec.Command("pkg-config", "--cflags", "--libs", "libdpdk").Output()
	if err != nil {
		return fmt.Errorf("pkg-config: %w", err)
	}
	args := append([]string{"-o", out, "-I" + filepath.Join(root, "internal/dpdk")}, flags...)
	args = append(append(args, sources...), filepath.Join(root, "test/internal/loops/c/loops.c"))
	args = append(args, strings.Fields(string(pkg))...)
	if text, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w\n%s", err, text)
	}
	return nil
}
