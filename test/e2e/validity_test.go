//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// throttled starts the application with a part of a CPU.
func throttled(t *testing.T, percent int, args ...string) *app {
	t.Helper()
	quota, err := testpeer.NewQuota(percent)
	if err != nil {
		t.Fatalf("a CPU quota: %v", err)
	}
	t.Cleanup(quota.Remove)
	return startIn(t, `echo $$ >`+quota.Procs()+` && exec "$0" "$@"`, args...)
}

// limits are the codes of the reasons why trials are not valid.
func limits(trials []result.Trial) (codes []result.LimitCode) {
	for _, t := range trials {
		for _, l := range t.Limits {
			codes = append(codes, l.Code)
		}
	}
	return codes
}

// A container that has used up its CPU quota has measured its quota, so the result is not
// valid.
func TestThrottledIsNotValid(t *testing.T) {
	short := append(slices.Clone(alone), "--warmup", "0s", "-o", "json")
	for _, tt := range []struct {
		name  string
		quota int
		args  []string
	}{
		{"as fast as it goes, with a threshold", 10, []string{"bench", "-d", "1s", "--min-mpps", "1000"}},
		{"at a set rate", 10, []string{"bench", "-d", "1s", "--rate", "1Mpps"}},
		{"latency", 20, []string{"bench", "latency", "--rate", "1Mpps", "--load", "50%", "-d", "200ms"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := throttled(t, tt.quota, append(tt.args, short...)...)
			code, err := a.Wait(2 * benchTimeout)
			if err != nil {
				t.Fatal(err)
			}
			var r result.Result
			a.decode(&r)
			if code != 5 || r.Valid || !strings.Contains(r.Reason, "throttled for ") {
				t.Errorf("exit code %d, valid %t, because %q; want 5, and that it was throttled", code, r.Valid, r.Reason)
			}
			a.says("throttled for ")
		})
	}
}

// A generator that stood still for half of a trial has not measured the path.
func TestStandstillIsNotValid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	a := startPlain(t, testpeer.Options{}, "bench", append(slices.Clone(alone), "--rate", "1Mpps", "-d", "4s", "--warmup", "0s", "--result-file", file)...)
	time.Sleep(2 * time.Second)
	a.Signal(syscall.SIGSTOP)
	time.Sleep(2 * time.Second)
	a.Signal(syscall.SIGCONT)
	if _, err := a.Wait(2 * benchTimeout); err != nil {
		t.Fatal(err)
	}
	r := resultFile(t, file)
	if len(r.Measurements) != 1 || len(r.Measurements[0].Trials) == 0 {
		t.Fatalf("no trial in %+v", r)
	}
	if first := r.Measurements[0].Trials[0]; first.Valid || first.Reason == "" {
		t.Errorf("the trial in which it stood still is valid (%q)", first.Reason)
	}
}

// If a peer dies during a measurement, the result is not valid and names the peer.
func TestPeerThatDiesIsNotValid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		net  socketNet
		args []string
		says string
	}{
		{memif("net1", client), []string{"fixed", "--duration", "2s"}, "went away at"},
		{memif("net1", server), []string{"fixed", "--duration", "2s"}, "went away at"},
		{memif("net1", client), []string{"throughput", "--frame-size", "64", "--trial", "1s"}, "was not there"}, // in the last trials
	} {
		t.Run(tt.net.String()+"/"+tt.args[0], func(t *testing.T) {
			pod := newPod(t, tt.net)
			n := pod.networks[0]
			peer, a := startReflector(t, pod, "macswap", append(tt.args, "--tx", "net1", "--dst-mac", "02:00:00:00:02:01", "--warmup", "0s", "-o", "json")...)
			peer.awaitRx(n, 10_000)
			time.Sleep(500 * time.Millisecond)
			peer.Kill()
			if code, err := a.Wait(2 * benchTimeout); code != 5 || err != nil {
				t.Errorf("exit code %d, %v, want 5", code, err)
			}
			var r result.Result
			a.decode(&r)
			if r.Valid || !strings.Contains(r.Reason, n.path) || !strings.Contains(r.Reason, tt.says) {
				t.Errorf("valid %t, because %q; want that the peer of %s %s", r.Valid, r.Reason, n.path, tt.says)
			}
			if codes := limits(r.Measurements[0].Trials); !slices.Contains(codes, result.PeerAbsent) {
				t.Errorf("the trials' limits are %q", codes)
			}
		})
	}
}

// A packet per second is sent once per second.
func TestOnePacketPerSecond(t *testing.T) {
	a := startPlain(t, testpeer.Options{}, "bench", append(slices.Clone(alone), "--rate", "1", "-d", "3s", "--warmup", "0s", "-o", "json")...)
	r := a.measured()
	if r.Sent.Packets != 3 || r.Received.Packets != 3 || r.Seconds < 2.9 || r.Seconds > 3.5 {
		t.Errorf("%d sent, %d received in %g s, want 3 and 3 in 3 s", r.Sent.Packets, r.Received.Packets, r.Seconds)
	}
	if pps := r.Sent.Mpps * 1e6; pps < 0.85 || pps > 1.05 {
		t.Errorf("%g packets per second", pps)
	}
}
