//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// parityRows is the name that --only has to match for the library's rows.
const parityRows = "Discover, inspect, app-netutil"

// parity lets test/parity measure the library: only that module depends on the library's
// peer, app-netutil.
func (b *bench) parity() ([]result, error) {
	podnet := b.path("podnet")
	build := exec.Command("scripts/build-podnet.sh", podnet)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build podnet: %w", err)
	}
	cmd := exec.Command("go", "run", "./bench", "-json", "-podnet", podnet)
	cmd.Dir = filepath.Join("test", "parity")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("test/parity/bench: %w", err)
	}
	var measured struct {
		AppNetutil []struct {
			Interfaces         int
			Podnet, AppNetutil float64 // µs
		}
		Discover float64 // µs
		Inspect  float64 // ms
	}
	if err := json.Unmarshal(out, &measured); err != nil {
		return nil, fmt.Errorf("test/parity/bench: %w", err)
	}
	one := func(v float64) *spread { return &spread{v, v, v} }
	rows := []result{
		{Work: "podnet inspect, four VFs", Unit: "ms", Ours: one(measured.Inspect), Most: 15},
		{Work: "Discover with all sources, four VFs", Unit: "ms of CPU", Ours: one(measured.Discover / 1000), Most: 0.4},
	}
	for i := range rows {
		rows[i].Met = rows[i].Ours.Median <= rows[i].Most
	}
	for _, m := range measured.AppNetutil {
		r := result{
			Work: fmt.Sprintf("Discover, annotations alone, %d interfaces", m.Interfaces), Against: "app-netutil", Unit: "µs of CPU",
			Peer: one(m.AppNetutil), Ours: one(m.Podnet), Ratio: m.AppNetutil / m.Podnet, Least: 1,
		}
		r.Met = r.Ratio >= r.Least
		rows = append(rows, r)
	}
	for _, r := range rows {
		fmt.Fprintln(os.Stderr, r)
	}
	return rows, nil
}
