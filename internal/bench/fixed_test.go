package bench

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakePath answers trials with prepared counts.
type fakePath struct {
	counts []Counts
	err    error
	trials []Trial
}

func (p *fakePath) Trial(_ context.Context, t Trial) (Counts, error) {
	p.trials = append(p.trials, t)
	if p.err != nil {
		return Counts{}, p.err
	}
	return p.counts[len(p.trials)-1], nil
}

func TestFixed(t *testing.T) {
	second := Counts{Offered: 1e6, Sent: 999_000, Refused: 1000, Received: 990_000, Active: time.Second}
	p := &fakePath{counts: []Counts{{Sent: 1}, second}}
	trial := Trial{Flow: testFlow(), Rate: 1e6, Duration: time.Second}
	r, err := Fixed(t.Context(), p, trial, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.trials) != 2 || p.trials[0].Duration != 100*time.Millisecond || p.trials[1].Duration != time.Second {
		t.Errorf("trials %+v, want a warm-up and the measurement", p.trials)
	}
	if r.Sent.Packets != 999_000 || r.Received.Packets != 990_000 || r.Lost != 10_000 || r.LossRatio != 0.01 || r.TxRefused != 1000 {
		t.Errorf("counts: %+v", r)
	}
	if r.Received.Mpps != 0.99 || r.Received.GbpsL2 != 0.99e6*64*8/1e9 || r.Received.GbpsL1 != 0.99e6*84*8/1e9 {
		t.Errorf("rates: %+v", r.Received)
	}
	if !r.Valid || *r.Requested.Mpps != 1 || r.WarmupSeconds != 0.1 {
		t.Errorf("result: %+v", r)
	}
}

func TestFixedNotValid(t *testing.T) {
	trial := Trial{Flow: testFlow(), Rate: 1e6, Duration: time.Second}
	for _, tt := range []struct {
		name   string
		counts Counts
		want   string // in the reason; empty: valid
	}{
		{"all is well", Counts{Offered: 1e6, Sent: 1e6, Received: 1e6, Active: time.Second}, ""},
		{"everything lost", Counts{Offered: 1e6, Sent: 1e6, Active: time.Second}, ""},
		{"full rings are the path's loss", Counts{Offered: 1e6, Sent: 5e5, Refused: 5e5, Received: 5e5, Active: time.Second}, ""},
		{"nothing sent", Counts{Offered: 1e6, Refused: 1e6}, "nothing could be sent"},
		{"late", Counts{Offered: 990_000, Sent: 990_000, Received: 990_000, Active: time.Second}, "it was the limit"},
		{"duplicates", Counts{Offered: 1e6, Sent: 1e6, Received: 1e6 + 1, Active: time.Second}, "duplicates"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Summarize(trial, tt.counts)
			if r.Valid != (tt.want == "") || !strings.Contains(r.Reason, tt.want) {
				t.Errorf("valid %v because %q, want %q", r.Valid, r.Reason, tt.want)
			}
		})
	}
}

func TestFixedAtMaximumHasNoTarget(t *testing.T) {
	r := Summarize(Trial{Flow: testFlow(), Duration: time.Second}, Counts{Offered: 5, Sent: 5, Received: 5, Active: time.Second})
	if r.Requested.Mpps != nil || !r.Valid {
		t.Errorf("result: %+v", r)
	}
}

func TestFixedStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &fakePath{counts: []Counts{{Offered: 5, Sent: 5, Received: 5, Active: time.Second}}}
	r, err := Fixed(ctx, p, Trial{Flow: testFlow(), Duration: time.Minute}, 0)
	if err != nil || r.Valid || r.Reason != "it was stopped before its time" || r.Received.Packets != 5 {
		t.Errorf("result %+v, error %v, want what was measured, marked", r, err)
	}
}

func TestFixedPathFails(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Fixed(t.Context(), &fakePath{err: broken}, Trial{}, time.Second); !errors.Is(err, broken) {
		t.Errorf("error %v, want the path's", err)
	}
}

// mirror gives back what was sent, changed, from the n-th time on.
type mirror struct {
	after  int
	change func([]byte) []byte
	sent   [][]byte
	queue  [][]byte
}

func (m *mirror) Send(frame []byte) error {
	m.sent = append(m.sent, frame)
	if len(m.sent) < m.after {
		return errors.New("ring is full")
	}
	m.queue = append(m.queue, []byte("other traffic"), m.change(bytes.Clone(frame)))
	return nil
}

func (m *mirror) Receive() []byte {
	if len(m.queue) == 0 {
		return nil
	}
	frame := m.queue[0]
	m.queue = m.queue[1:]
	return frame
}

func TestProbe(t *testing.T) {
	own := net.HardwareAddr{2, 9, 9, 9, 9, 9}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		want   net.HardwareAddr
	}{
		{"untouched", func(b []byte) []byte { return b }, macA},
		{"answered", func(b []byte) []byte { copy(b, b[6:12]); copy(b[6:], own); return b }, own},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &mirror{after: 2, change: tt.change}
			got, err := Probe(t.Context(), m, m, testFlow())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("source (-want +got):\n%s", diff)
			}
			if len(m.sent) < 2 {
				t.Error("the probe was not repeated")
			}
		})
	}
}

func TestProbeIgnoresOthers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	m := &mirror{change: func(b []byte) []byte { b[42]++; return b }} // another probe's signature
	if _, err := Probe(ctx, m, m, testFlow()); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("error %v, want ErrNoAnswer", err)
	}
}

func TestUnicast(t *testing.T) {
	for mac, want := range map[string]bool{
		"02:00:00:00:00:01": true, "ff:ff:ff:ff:ff:ff": false, "01:00:5e:00:00:01": false,
		"00:00:00:00:00:00": false, "00:00:00:00:00:01": true,
	} {
		hw, err := net.ParseMAC(mac)
		if err != nil {
			t.Fatal(err)
		}
		if Unicast(hw) != want {
			t.Errorf("Unicast(%s) is %v", mac, !want)
		}
	}
}
