package fabric

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
)

// messages are one of each kind.
func messages() []message {
	id, why := uint64(1)<<63+5, "another run"
	rail := result.FabricRail{Device: result.Device{Name: "net1", Kind: "pci", MAC: "02:00:00:00:00:01"}, IPs: []string{"10.0.0.1", "fd00::1"}}
	n, us := uint64(7), time.Unix(1, 2).UTC()
	task := Task{Run: "r", ID: id, Round: 1, From: End{Index: 1, Port: rail}, To: End{Index: 2, Port: rail}, Signature: 9, Load: load(time.Second)}
	return []message{
		{},
		{Hello: &hello{Pod: Pod{Index: 3, Node: "node-3"}, Instance: "i", Rails: []result.FabricRail{rail}}},
		{Ready: &id},
		{Generated: &generated{ID: id, Generated: Generated{Started: us, Seconds: 1, Offered: 8, Sent: 8, Returned: &n, RTT: &result.RTT{Packets: 7, Percentiles: []result.Percentile{{Percent: 50, Us: 3}}}, Valid: true}}},
		{Reflected: &reflected{ID: id, Failure: &failure{result.FabricFailed, "no link"}}},
		{Welcome: &welcome{Run: "r"}},
		{Refused: &why},
		{Reflect: &task},
		{Generate: &task},
		{Stop: &id},
		{Done: true},
	}
}

func TestMessages(t *testing.T) {
	for _, m := range messages() {
		text, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{"", "[]", `{"done":true,"stop":1}`, `{"ready":-1}`, `{"hello":{"index":1}}`, `{"hello":{"index":-1,"instance":"i"}}`, `{"hello":{"index":1,"instance":"i","rails":[{"mac":"x"}]}}`} {
		if m, err := decode([]byte(text)); err == nil {
			t.Errorf("%s is taken for %+v", text, m)
		}
	}
}

// opener makes both ends of a direction.
func opener(f *testing.F) (seal, open func() *sealer) {
	w, err := newWire(&memConn{newMemHalf(), newMemHalf()}, secret(f), make([]byte, 2*nonceLen), "agent", "agent")
	if err != nil {
		f.Fatal(err)
	}
	fresh := func() *sealer { return &sealer{aead: w.seal.aead} }
	return fresh, fresh
}

// Whatever comes, reading a frame ends, takes no more memory than a frame may have, and
// gives only what was sealed.
func FuzzFrame(f *testing.F) {
	seal, open := opener(f)
	for _, m := range messages() {
		text, err := m.encode()
		if err != nil {
			f.Fatal(err)
		}
		s := seal()
		header := binary.BigEndian.AppendUint32(nil, uint32(len(text)+s.aead.Overhead()))
		f.Add(s.aead.Seal(bytes.Clone(header), s.nonce(), text, header))
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := readFrame(bytes.NewReader(data), open())
		if err != nil {
			return
		}
		s := seal()
		want := binary.BigEndian.AppendUint32(nil, uint32(len(text)+s.aead.Overhead()))
		want = s.aead.Seal(want, s.nonce(), text, want[:headerLen])
		if !bytes.HasPrefix(data, want) {
			t.Errorf("%x was taken for a frame with %q", data, text)
		}
	})
}

// A message that is taken is within its limits, and is the same after another way.
func FuzzMessage(f *testing.F) {
	for _, m := range messages() {
		text, err := m.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decode(text)
		if err != nil {
			if diff := cmp.Diff(message{}, m); diff != "" {
				t.Errorf("an error and a message: %s", diff)
			}
			return
		}
		if m.Hello != nil {
			for _, r := range m.Hello.Node {
				if !unicode.IsPrint(r) {
					t.Errorf("the node %q", m.Hello.Node)
				}
			}
			if len(m.Hello.Node) > maxName || len(m.Hello.Rails) > MaxRails || m.Hello.Index >= MaxNodes {
				t.Errorf("%+v", m.Hello)
			}
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decode(again); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}

// A state that someone else wrote is refused, or stays within the run's bounds.
func FuzzState(f *testing.F) {
	c := pairs(3)
	head, err := json.Marshal(Head{Run: "r", Config: c, Rails: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(head)
	f.Add(append(head, "\n{\"round\":1,\"pairs\":[{\"from\":0,\"to\":1}],\"nodes\":[{\"index\":2}]}\n{\"round\":2}\n{}\n{\"rou"...))
	f.Fuzz(func(t *testing.T, data []byte) {
		saved, end, err := parseState(data)
		if err != nil || saved == nil {
			return
		}
		if end > len(data) || data[end-1] != '\n' {
			t.Errorf("the lines end at %d of %d", end, len(data))
		}
		co := Coordinator{Config: c, State: &lossy{saved: saved}}
		r, _, err := co.begin()
		if err == nil {
			r.document(true)
		}
	})
}
