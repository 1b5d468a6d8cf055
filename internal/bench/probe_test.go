package bench

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mirror gives back what was sent, changed, from the n-th time on.
type mirror struct {
	after  int
	change func([]byte) []byte
	sent   [][]byte
	queue  [][]byte
}

func (m *mirror) Send(_ context.Context, frame []byte) error {
	m.sent = append(m.sent, frame)
	if len(m.sent) < m.after {
		return errors.New("ring is full")
	}
	m.queue = append(m.queue, []byte("other traffic"), m.change(bytes.Clone(frame)))
	return nil
}

func (m *mirror) Receive(context.Context) []byte {
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

// flood is a ring that never gets empty of others' packets.
type flood struct{ mirror }

func (*flood) Receive(context.Context) []byte { return []byte("other traffic") }

func TestProbeEndsAmongOthersPackets(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Probe(ctx, &mirror{after: 1 << 30}, &flood{}, testFlow()); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("error %v, want ErrNoAnswer", err)
	}
}
