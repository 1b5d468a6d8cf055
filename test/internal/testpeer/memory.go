//go:build linux

package testpeer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// FreeHugepages is the number of free 2 MB hugepages of the machine.
func FreeHugepages() (int, error) { return hugepages("free_hugepages") }

// UsedHugepages is the number of 2 MB hugepages that processes have, or files.
func UsedHugepages() (int, error) {
	total, err := hugepages("nr_hugepages")
	if err != nil {
		return 0, err
	}
	free, err := FreeHugepages()
	return total - free, err
}

func hugepages(name string) (int, error) {
	path := "/sys/kernel/mm/hugepages/hugepages-2048kB/" + name
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// MemoryArgs are the EAL arguments that give a process this much memory which a
// vhost-user peer can map: hugepages where enough of them are free.
func MemoryArgs(mib int) []string {
	if free, err := FreeHugepages(); err == nil && 2*free >= mib {
		return []string{"--in-memory", "--single-file-segments", "--socket-mem", strconv.Itoa(mib)}
	}
	return []string{"--no-huge", "-m", strconv.Itoa(mib)}
}
