//go:build instructions && linux

package instructions

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// cost is the number of instructions that one thread has executed.
type cost struct {
	total uint64
	own   uint64 // of it, in the program itself and not in a shared library
}

// polling gives the cost of the thread that polls: of the threads of a profile, by
// far the busiest that is not the first, which starts EAL.
func polling(profile, program string) (busiest cost, err error) {
	files, err := filepath.Glob(profile + "-*")
	if err != nil {
		return busiest, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "-01") {
			continue
		}
		c, err := parse(file, program)
		if err != nil {
			return busiest, err
		}
		if c.total > busiest.total {
			busiest = c
		}
	}
	if busiest.total == 0 {
		return busiest, fmt.Errorf("no thread of %s has polled", profile)
	}
	return busiest, nil
}

// parse reads a profile of one thread (callgrind's format: valgrind's manual,
// chapter "Callgrind Format Specification").
func parse(file, program string) (c cost, err error) {
	f, err := os.Open(file)
	if err != nil {
		return c, err
	}
	defer f.Close()
	objects := map[string]string{} // names, by their number
	object, call := "", false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		key, value, isKey := strings.Cut(line, "=")
		switch {
		case line == "":
		case isKey && key == "ob":
			number, name, named := strings.Cut(value, " ")
			if named {
				objects[number] = name
			}
			object = objects[number]
		case isKey && key == "cob":
			if number, name, named := strings.Cut(value, " "); named {
				objects[number] = name
			}
		case isKey && key == "calls":
			call = true // the next line has the cost of the called function, which is counted there
		case strings.ContainsRune("0123456789+-*", rune(line[0])):
			if !call {
				_, text, _ := strings.Cut(line, " ")
				n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
				if err != nil {
					return c, fmt.Errorf("%s: %q: %w", file, line, err)
				}
				c.total += n
				if object == program {
					c.own += n
				}
			}
			call = false
		}
	}
	return c, lines.Err()
}
