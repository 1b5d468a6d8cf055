//go:build cgo && !nodpdk

package dpdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// memifSocket is where the tests' memif client looks for its server.
var memifSocket = fmt.Sprintf("%s/podnet-dpdk-test-%d.sock", os.TempDir(), os.Getpid())

// serve is a program that runs a memif server, net_memif1, which reflects frames
// until its standard input ends.
func serve(ctx context.Context, args []string) error {
	r, err := Start(ctx, Options{Args: args})
	if err != nil {
		return err
	}
	p, err := r.Port(ctx, "net_memif1")
	if err == nil {
		err = errors.Join(p.Configure(ctx, PortConfig{}), p.Start(ctx))
	}
	if err != nil {
		return err
	}
	q := Queue{Port: p}
	j, err := r.Run(ctx, []Stream{{Mode: IO, Rx: q, Tx: q}}, r.PollingLcores())
	if err != nil {
		return err
	}
	fmt.Println("up")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return errors.Join(j.Stop(ctx), p.Close(ctx), r.Close(ctx))
}

func init() { programs["serve"] = serve }

// memifServer starts a server, on an abstract socket if the name begins with '@'; end its standard input or kill it.
func memifServer(t *testing.T, socket string) (cmd *exec.Cmd, in io.Closer, output *bytes.Buffer) {
	t.Helper()
	path, abstract := strings.CutPrefix(socket, "@")
	kind := "no"
	if abstract {
		kind = "yes"
	} else {
		_ = os.Remove(path)
	}
	cmd = process(t, t.TempDir(), "", "serve", "--no-huge -m 64 --no-pci --no-telemetry --lcores (0-1)@1 --file-prefix serve "+
		"--vdev net_memif1,role=server,id=0,socket="+path+",socket-abstract="+kind)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output = &bytes.Buffer{}
	cmd.Stderr = output
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := out.Read(make([]byte, 8)); n == 0 {
		t.Fatalf("the server did not start: %v\n%s", err, output)
	}
	return cmd, in, output
}

// syncBuffer is a buffer that several goroutines may use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// dpdkLog is what DPDK logs in this process.
var dpdkLog syncBuffer

func dpdkLogger() *slog.Logger { return slog.New(slog.NewTextHandler(&dpdkLog, nil)) }

// hangUp connects to a server many times, and hangs up at once.
func hangUp(t *testing.T, socket string) {
	t.Helper()
	for range 200 {
		await(t, "the server accepts", func() bool { // its backlog is short
			c, err := net.Dial("unixpacket", socket)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
	}
}

// A server survives clients that connect and hang up at once, and serves the next.
func TestMemifServerSurvivesClientsThatHangUp(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "server.sock")
	server, in, output := memifServer(t, socket)
	hangUp(t, socket)
	// Its loop still forwards for a client that stays.
	_ = os.Remove(memifSocket)
	if err := os.Symlink(socket, memifSocket); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(memifSocket)
	q := Queue{Port: realPort(t, "net_memif0")}
	rx, tx := verifier(q, 1), generator(q, 1)
	j, err := shared.Run(t.Context(), []Stream{rx, tx}, shared.PollingLcores()[:2])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Free)
	reconnect(t, j, q.Port)
	for range 5 {
		hangUp(t, socket)
		before := j.Counters(0).RxPackets
		await(t, "packets come back", func() bool { return j.Counters(0).RxPackets > before+1000 })
	}
	if err := j.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	_ = in.Close()
	if err := server.Wait(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// A server ends while clients still connect: its listener stays with EAL's interrupt
// thread when its port and DPDK's memory have gone.
func TestMemifServerEndsUnderClients(t *testing.T) {
	for n := range 5 {
		name := fmt.Sprintf("podnet-dpdk-test-%d-%d", os.Getpid(), n)
		server, in, output := memifServer(t, "@"+name)
		ctx, stop := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for range 2 {
			clients.Go(func() {
				for ctx.Err() == nil {
					if c, err := net.Dial("unixpacket", "@"+name); err == nil {
						_ = c.Close()
					}
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		_ = in.Close()
		err := server.Wait()
		stop()
		clients.Wait()
		if err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	}
}

// reconnect restarts the port, if need be more than once, until it has a link.
func reconnect(t *testing.T, j *Job, p *Port) {
	t.Helper()
	await(t, "link", func() bool {
		if linked(t, p) {
			return true
		}
		if j.Restart(t.Context(), p) == nil {
			await(t, "link after a restart", func() bool { return linked(t, p) })
		}
		return false
	})
}

func linked(t *testing.T, p *Port) bool {
	up, err := p.LinkUp(t.Context())
	return err == nil && up
}

// await waits until done says so.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in time", what)
		}
	}
}

// A client's loops survive a server that is killed while they use its memory, call
// the port no more while it is stopped, and go on when another server is there.
func TestMemifServerThatComesAndGoes(t *testing.T) {
	realPort(t, "net_ring0")
	t.Cleanup(func() { _ = os.Remove(memifSocket) })
	server, _, _ := memifServer(t, memifSocket)
	q := Queue{Port: realPort(t, "net_memif0")}
	rx, tx := verifier(q, 1), generator(q, 1)
	j, err := shared.Run(t.Context(), []Stream{rx, tx}, shared.PollingLcores()[:2])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Free)
	flows := func() {
		t.Helper()
		before := j.Counters(0).RxPackets
		await(t, "packets come back", func() bool { return j.Counters(0).RxPackets > before+10_000 })
	}
	for range 3 {
		reconnect(t, j, q.Port)
		flows()
		_ = server.Process.Kill()
		_ = server.Wait()
		await(t, "the link goes", func() bool { return !linked(t, q.Port) })
		if err := j.Restart(t.Context(), q.Port); err == nil {
			t.Fatal("restarted without a server")
		}
		before := turns(j)
		await(t, "turns on a stopped port", func() bool { return turns(j)[0] > before[0]+1000 && turns(j)[1] > before[1]+1000 })
		server, _, _ = memifServer(t, memifSocket)
	}
	reconnect(t, j, q.Port)
	flows()
	if err := j.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	_ = server.Process.Kill()
	_ = server.Wait()
	shared.drv.FlushLog()
	if log := dpdkLog.String(); bytes.Contains([]byte(log), []byte("not ready")) {
		t.Errorf("a loop called a stopped port:\n%.2000s", log)
	}
}

// turns is how often each of the job's loops has served its streams.
func turns(j *Job) (out []uint64) {
	for _, t := range j.Threads() {
		out = append(out, t.Turns)
	}
	return out
}
