package fabric

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// Over a real network too, with all pods at once.
func TestOverTCP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := pairs(6)
	c.Load.Trial = time.Millisecond
	w := newWorld(t, c.Nodes, 1)
	w.around = 0
	ended := make(chan error, c.Nodes)
	for _, p := range w.pods {
		a := p.agent()
		a.Dial = func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
		}
		go func() { ended <- a.Run(t.Context()) }()
	}
	doc, err := (&Coordinator{Config: c, Token: w.token}).Run(t.Context(), listener)
	if err != nil {
		t.Fatal(err)
	}
	if without := whole(t, c, 1, doc); len(without) > 0 {
		t.Errorf("%v", without)
	}
	for range w.pods {
		if err := <-ended; err != nil {
			t.Errorf("an agent: %v", err)
		}
	}
}

// guarded runs a gate in memory, and counts whom it lets in.
func guarded(t *testing.T, token Token) (l *memListener, admitted chan *wire) {
	l, admitted = newMemListener(), make(chan *wire, 1)
	g := gate{token: token, admit: func(w *wire) { admitted <- w }}
	go func() { _ = g.serve(t.Context(), l) }()
	return l, admitted
}

// everything reads until the other end closes.
func everything(t *testing.T, c net.Conn) []byte {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection was not ended: %v", err)
	}
	return got
}

// A stranger gets not one byte, and is not kept for long.
func TestStrangersGetNothing(t *testing.T) {
	token := secret(t)
	version, nonceA := versionBytes(), nonce()
	other, err := ParseToken([]byte(strings.Repeat("o", 32)))
	if err != nil {
		t.Fatal(err)
	}
	hello := func(by Token) []byte {
		return slices.Concat([]byte(magic), version, nonceA, by.proof("hello", version, nonceA))
	}
	wrongMagic := hello(token)
	wrongMagic[0] ^= 1
	wrongVersion := hello(token)
	wrongVersion[len(magic)] ^= 1
	for name, sends := range map[string][]byte{
		"silent":              nil,
		"one byte":            {'p'},
		"web browser":         []byte("GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", 100) + "\r\n\r\n"),
		"another token":       hello(other),
		"another magic":       wrongMagic,
		"a changed version":   wrongVersion,
		"almost all of hello": hello(token)[:len(hello(token))-1],
	} {
		synctest.Test(t, func(t *testing.T) {
			l, admitted := guarded(t, token)
			c, err := l.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if _, err := c.Write(sends); err != nil {
				t.Fatal(err)
			}
			if got := everything(t, c); len(got) > 0 {
				t.Errorf("%s: got %d bytes", name, len(got))
			}
			if d := time.Since(began); d > handshakeTime {
				t.Errorf("%s: was kept for %v", name, d)
			}
			if len(admitted) > 0 {
				t.Errorf("%s: was let in", name)
			}
		})
	}
}

// Who repeats what an agent said is not let in.
func TestReplay(t *testing.T) {
	token := secret(t)
	synctest.Test(t, func(t *testing.T) {
		l, admitted := guarded(t, token)
		var said [][]byte
		for range 2 {
			c, err := l.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if said == nil { // the agent itself, overheard
				tap := &tapped{Conn: c}
				if _, err := dialed(tap, token); err != nil {
					t.Fatal(err)
				}
				(<-admitted).conn.Close()
				said = tap.said
				continue
			}
			for _, b := range said {
				if _, err := c.Write(b); err != nil {
					t.Fatal(err)
				}
			}
			if got := everything(t, c); len(got) != 2+nonceLen+proofLen {
				t.Errorf("got %d bytes", len(got))
			}
			if len(admitted) > 0 {
				t.Error("was let in")
			}
		}
	})
}

// tapped records what is written.
type tapped struct {
	net.Conn
	said [][]byte
}

func (t *tapped) Write(b []byte) (int, error) {
	t.said = append(t.said, slices.Clone(b))
	return t.Conn.Write(b)
}

// However many strangers hold connections, a pod comes through at once.
func TestCrowdOfStrangers(t *testing.T) {
	token := secret(t)
	synctest.Test(t, func(t *testing.T) {
		l, admitted := guarded(t, token)
		var strangers []*memConn
		for range maxPending + 50 {
			c, err := l.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			strangers = append(strangers, c)
		}
		began := time.Now()
		c, err := l.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dialed(c, token); err != nil {
			t.Fatal(err)
		}
		(<-admitted).conn.Close()
		if d := time.Since(began); d > 0 {
			t.Errorf("it took %v", d)
		}
		for _, s := range strangers[:51] { // the oldest are gone already
			if got := everything(t, s); len(got) > 0 || time.Since(began) > 0 {
				t.Fatalf("a stranger was kept for %v and got %d bytes", time.Since(began), len(got))
			}
		}
	})
}

// An agent does not take whoever answers for the coordinator.
func TestAgentChecksCoordinator(t *testing.T) {
	token := secret(t)
	other, err := ParseToken([]byte(strings.Repeat("o", 32)))
	if err != nil {
		t.Fatal(err)
	}
	answer := func(version uint16, by Token) func(net.Conn) {
		return func(c net.Conn) {
			hello := make([]byte, len(magic)+2+nonceLen+proofLen)
			if _, err := io.ReadFull(c, hello); err != nil {
				return
			}
			v, n := binary.BigEndian.AppendUint16(nil, version), nonce()
			_, _ = c.Write(slices.Concat(v, n, by.proof("coordinator", v, hello[len(magic)+2:len(magic)+2+nonceLen], n)))
		}
	}
	for _, tt := range []struct {
		name  string
		other func(net.Conn)
		want  error
	}{
		{"one that closes", func(c net.Conn) {
			_, _ = io.ReadFull(c, make([]byte, len(magic)+2+nonceLen+proofLen))
			c.Close()
		}, ErrStranger},
		{"one with another token", answer(Version, other), ErrStranger},
		{"one of another version", answer(Version+1, token), ErrVersion},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newMemListener()
			go func() {
				if c, err := l.Accept(); err == nil {
					tt.other(c)
				}
			}()
			c, err := l.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dialed(c, token); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		})
	}
}

// A frame that was changed, repeated or left out on the way ends the session.
func TestFramesAreSealed(t *testing.T) {
	token := secret(t)
	for name, meddle := range map[string]func(frames [][]byte) [][]byte{
		"changed":  func(f [][]byte) [][]byte { f[1][headerLen+1] ^= 1; return f },
		"repeated": func(f [][]byte) [][]byte { return slices.Insert(f, 1, f[0]) },
		"left out": func(f [][]byte) [][]byte { return f[1:] },
		"too long": func(f [][]byte) [][]byte { f[1][0] = 0xff; return f },
	} {
		synctest.Test(t, func(t *testing.T) {
			l, admitted := guarded(t, token)
			c, err := l.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tap := &tapped{Conn: c}
			agent, err := dialed(tap, token)
			if err != nil {
				t.Fatal(err)
			}
			coordinator := <-admitted
			tap.said, tap.Conn = nil, discard{c}
			for id := range uint64(3) {
				if err := agent.send(message{Ready: &id}, time.Now().Add(time.Second)); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Contains(string(slices.Concat(tap.said...)), "ready") {
				t.Error("what is sent can be read on the way")
			}
			for _, f := range meddle(tap.said) {
				_, _ = c.Write(f)
			}
			var got []uint64
			for {
				m, err := coordinator.receive(time.Now().Add(time.Second))
				if err != nil {
					break
				}
				got = append(got, *m.Ready)
			}
			if len(got) > 1 || len(got) == 1 && got[0] != 0 {
				t.Errorf("%s: got %v", name, got)
			}
			coordinator.conn.Close()
		})
	}
}

// discard is a connection whose writes go nowhere.
type discard struct{ net.Conn }

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func TestTokenIsHidden(t *testing.T) {
	token := secret(t)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", token)
	agent := (&pod{world: &world{token: token}}).agent()
	for _, text := range []string{fmt.Sprint(token), fmt.Sprintf("%+v", token), fmt.Sprintf("%#v", token), log.String(), fmt.Sprintf("%+v", agent)} {
		if strings.Contains(text, "ssss") || strings.Contains(text, "115 115") {
			t.Errorf("the token is in %q", text)
		}
	}
	for _, short := range []string{"", "secret", strings.Repeat(" ", 100)} {
		if _, err := ParseToken([]byte(short)); err == nil {
			t.Errorf("%q is taken", short)
		}
	}
}

// The coordinator refuses a pod that cannot be of the run, and the pod does not try again.
func TestNotWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pairs(2)
		s := &trial{world: newWorld(t, 3, 1), t: t, config: c, cancel: make([]context.CancelFunc, 3)}
		ended := make(chan error, 1)
		go func() { ended <- s.pods[2].agent().Run(t.Context()) }()
		time.AfterFunc(time.Second, func() {
			s.start(0)
			s.start(1)
		})
		doc := s.coordinate(t.Context())
		if without := whole(t, c, 1, doc); len(without) > 0 {
			t.Errorf("%v", without)
		}
		if err := <-ended; !errors.Is(err, ErrNotWanted) || !strings.Contains(err.Error(), "the run has 2 pods") {
			t.Errorf("the third of two: %v", err)
		}
		s.stop()
	})
}

// Without any rail nothing can be measured, and the pods go.
func TestNoRails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, 0)
		ended := make(chan error, 2)
		for _, p := range w.pods {
			go func() { ended <- p.agent().Run(t.Context()) }()
		}
		_, err := (&Coordinator{Config: pairs(2), Token: w.token}).Run(t.Context(), w.listen())
		if !errors.Is(err, ErrNoRails) {
			t.Errorf("the coordinator: %v", err)
		}
		for range w.pods {
			if err := <-ended; err != nil {
				t.Errorf("an agent: %v", err)
			}
		}
	})
}

// A run that is stopped while it waits for pods says so.
func TestStoppedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		doc, err := (&Coordinator{Config: pairs(2), Token: w.token}).Run(ctx, w.listen())
		if err != nil || doc.Complete || doc.Valid || len(doc.Nodes) != 2 || doc.Nodes[1].Missing.Code != result.FabricAbsent {
			t.Errorf("%+v, %v", doc, err)
		}
	})
}

// An agent that finds no coordinator says why.
func TestNoCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newWorld(t, 1, 1).pods[0].agent()
		a.Dial = func(context.Context) (net.Conn, error) { return nil, errors.New("no such host") }
		err := a.Run(t.Context())
		if !errors.Is(err, ErrNoCoordinator) || !strings.Contains(err.Error(), "no such host") {
			t.Errorf("%v", err)
		}
	})
}

// A fast path that does not end makes the process end: Kubernetes starts another one.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &trial{world: newWorld(t, 2, 1), t: t, config: pairs(2), cancel: make([]context.CancelFunc, 2)}
		s.start(0)
		free := make(chan struct{})
		a := s.pods[1].agent()
		a.Path = stuck{s.pods[1], free}
		ended := make(chan error, 1)
		go func() { ended <- a.Run(t.Context()) }()
		without := whole(t, s.config, 1, s.coordinate(t.Context()))
		if got := codes(without); got[result.FabricHung] == 0 {
			t.Errorf("%v", got)
		}
		if err := <-ended; !errors.Is(err, ErrStuck) {
			t.Errorf("%v", err)
		}
		close(free)
		s.stop()
	})
}

// stuck goes on after its context has ended.
type stuck struct {
	*pod
	free chan struct{}
}

func (s stuck) Generate(context.Context, Task) (Generated, error) {
	<-s.free
	return Generated{}, nil
}
