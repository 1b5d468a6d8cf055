//go:build instructions && linux

package instructions

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// figures are instructions per packet.
type figures struct {
	Own     float64 `json:"own"`               // of our loop, without drivers and libraries
	All     float64 `json:"all"`               // of the polling thread
	Testpmd float64 `json:"testpmd,omitempty"` // of testpmd's
}

const baselineFile = "testdata/baseline.json"

// environment is everything beside our code that the figures depend on: they can be
// compared only if it is the same.
func environment() (string, error) {
	gcc, err := exec.Command("gcc", "-dumpversion").Output()
	if err != nil {
		return "", err
	}
	dpdk, err := exec.Command("pkg-config", "--modversion", "libdpdk").Output()
	if err != nil {
		return "", err
	}
	release := strings.Join(strings.SplitN(strings.TrimSpace(string(dpdk)), ".", 3)[:2], ".")
	return runtime.GOARCH + ", GCC " + strings.TrimSpace(string(gcc)) + ", DPDK " + release, nil
}

// readBaseline gives the figures of each work, by environment.
func readBaseline() (map[string]map[string]figures, error) {
	all := map[string]map[string]figures{}
	data, err := os.ReadFile(baselineFile)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(data, &all)
}

func writeBaseline(all map[string]map[string]figures) error {
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(baselineFile), 0o755); err != nil {
		return err
	}
	return os.WriteFile(baselineFile, append(data, '\n'), 0o644)
}
