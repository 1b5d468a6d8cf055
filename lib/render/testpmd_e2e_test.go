//go:build e2e

package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/render"
)

// TestTestpmdTakesArgs starts the real dpdk-testpmd on rendered arguments, in
// pairs that are each other's peers, and asks by telemetry which ports it made.
func TestTestpmdTakesArgs(t *testing.T) {
	noHuge := eal.Memory{NoHuge: true, NoHugeMiB: 256}
	dir := t.TempDir()
	socket := func(name string) string { return filepath.Join(dir, name) }
	tests := []struct {
		name   string
		config eal.Config
		queues int
	}{
		{
			name: "pod", // waits for its vhost-user peer
			config: eal.Config{CPUs: []int{0, 1}, Devices: []eal.Device{
				eal.VirtioUser{Origin: eal.Origin{Interface: "net1"}, Path: socket("vhöst user"), Server: true, MAC: "02:00:00:00:00:01", Queues: 2, Args: devArgs(t, "queue_size=512,packed_vq=1,mrg_rxbuf=1,in_order=0,vectorized=0,speed=10000")},
				eal.Memif{Origin: eal.Origin{Interface: "net2"}, Path: socket("memif"), Server: true, MAC: "02:00:00:00:00:02", Args: devArgs(t, "bsize=4096,rsize=11,zero-copy=no,secret=not shown")},
				eal.Memif{Origin: eal.Origin{Interface: "net3"}, Path: "@" + socket("abstract"), Server: true},
				eal.VDev{Arg: "net_null_net4,size=64"},
			}, Extra: []string{"--vdev", "net_null7", "--log-level=lib.eal:notice"}},
			queues: 2,
		},
		{
			name: "host", // on one CPU
			config: eal.Config{CPUs: []int{1}, Devices: []eal.Device{
				eal.Vhost{Origin: eal.Origin{Interface: "net1"}, Path: socket("vhöst user"), Client: true, Queues: 2, Args: devArgs(t, "iommu-support=0,postcopy-support=0,tso=0,linear-buffer=0,ext-buffer=0,legacy-ol-flags=0")},
				eal.Memif{Origin: eal.Origin{Interface: "net2"}, Path: socket("memif"), Args: devArgs(t, "bsize=4096,rsize=11,secret=not shown")},
				eal.Memif{Origin: eal.Origin{Interface: "net3"}, Path: "@" + socket("abstract")},
			}},
			queues: 2,
		},
	}
	started := make([]*testpmd, len(tests))
	for i, tt := range tests {
		tt.config.Memory, tt.config.FilePrefix, tt.config.IOVA = noHuge, "eal-e2e-"+tt.name, eal.IOVAVirtual
		started[i] = startTestpmd(t, tt.config, tt.queues)
	}
	for i, tt := range tests {
		var want []string
		for _, d := range tt.config.Devices {
			want = append(want, d.PortName())
		}
		if tt.config.Extra != nil {
			want = append(want, "net_null7")
		}
		got := started[i].ports(t)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ports of %s (-want +got):\n%s", tt.name, diff)
		}
	}
	for i, tt := range tests {
		if err := started[i].quit(); err != nil {
			t.Errorf("%s: %v\n%s", tt.name, err, started[i].log.String())
		}
	}
}

func devArgs(t *testing.T, text string) []eal.DevArg {
	t.Helper()
	args, err := eal.ParseDevArgs(text)
	if err != nil {
		t.Fatal(err)
	}
	return args
}

type testpmd struct {
	cmd       *exec.Cmd
	stdin     io.WriteCloser
	log       bytes.Buffer
	done      chan error
	telemetry string
}

func startTestpmd(t *testing.T, c eal.Config, queues int) *testpmd {
	t.Helper()
	args, err := c.Args()
	if err != nil {
		t.Fatal(err)
	}
	appArgs, err := render.Args(c, render.Testpmd, render.Options{Queues: queues})
	if err != nil {
		t.Fatal(err)
	}
	runtime := t.TempDir()
	p := &testpmd{
		cmd:       exec.Command("dpdk-testpmd", append(append(args, "--", "-i"), appArgs...)...),
		done:      make(chan error, 1),
		telemetry: filepath.Join(runtime, "dpdk", c.FilePrefix, "dpdk_telemetry.v2"),
	}
	p.cmd.Env = []string{"PATH=/usr/bin:/bin", "RUNTIME_DIRECTORY=" + runtime}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("dpdk-testpmd is needed for this test: %v", err)
	}
	t.Cleanup(p.kill)
	go func() { p.done <- p.cmd.Wait() }()
	return p
}

// kill ends testpmd if it still runs.
func (p *testpmd) kill() { _ = p.cmd.Process.Kill() }

// ports asks for the names of all ports, once testpmd answers.
func (p *testpmd) ports(t *testing.T) []string {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		names, err := p.askPorts()
		if err == nil {
			return names
		}
		select {
		case err := <-p.done:
			t.Fatalf("testpmd ended (%v):\n%s", err, p.log.String())
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.kill()
			t.Fatalf("testpmd does not answer (%v), ended (%v):\n%s", err, <-p.done, p.log.String())
		}
	}
}

func (p *testpmd) askPorts() ([]string, error) {
	conn, err := net.Dial("unixpacket", p.telemetry)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	buf := make([]byte, 16<<10)
	if _, err := conn.Read(buf); err != nil { // the greeting
		return nil, err
	}
	ask := func(command string, answer any) error {
		if _, err := conn.Write([]byte(command)); err != nil {
			return err
		}
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		return json.Unmarshal(buf[:n], answer)
	}
	var list struct {
		Ports []int `json:"/ethdev/list"`
	}
	if err := ask("/ethdev/list", &list); err != nil {
		return nil, err
	}
	var names []string
	for _, id := range list.Ports {
		var info struct {
			Port struct{ Name string } `json:"/ethdev/info"`
		}
		if err := ask(fmt.Sprintf("/ethdev/info,%d", id), &info); err != nil {
			return nil, err
		}
		names = append(names, info.Port.Name)
	}
	return names, nil
}

// quit ends testpmd by its own command and gives how it ended.
func (p *testpmd) quit() error {
	if _, err := io.WriteString(p.stdin, "quit\n"); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		return err
	case <-time.After(time.Minute):
		p.kill()
		return fmt.Errorf("does not quit: %w", <-p.done)
	}
}
