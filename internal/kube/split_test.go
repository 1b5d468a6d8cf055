package kube

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// noise does not compress.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// stored is where the chunks are in a test.
func stored(m Manifest) map[string]string {
	data := map[string]string{}
	for _, c := range m.Chunks {
		data[c.Name] = c.Data
	}
	return data
}

func from(data map[string]string) func(string) (string, error) {
	return func(name string) (string, error) {
		part, ok := data[name]
		if !ok {
			return "", errors.New("not found")
		}
		return part, nil
	}
}

func TestSplit(t *testing.T) {
	for _, size := range []int{0, 1, 1000, 100_000} {
		for _, most := range []int{len(ChunkKey) + 1<<13, 1 << 15, MaxData, 1 << 30} {
			document := noise(size)
			m, err := Split(document, "fabric", most)
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range m.Chunks {
				if n := len(ChunkKey) + len(c.Data); n > most || n > MaxData || c.Name != fmt.Sprintf("fabric-%d", i) {
					t.Errorf("%d bytes in %s, want at most %d", n, c.Name, most)
				}
			}
			got, err := Join([]byte(m.String()), size, from(stored(m)))
			if err != nil || !bytes.Equal(got, document) {
				t.Errorf("%d bytes by %d: %v, the same: %t", size, most, err, bytes.Equal(got, document))
			}
		}
	}
	text := bytes.Repeat([]byte("the same\n"), 1_000_000)
	m, err := Split(text, "fabric", MaxData)
	if err != nil || len(m.Chunks) != 1 {
		t.Errorf("%d bytes that repeat: %d chunks, %v", len(text), len(m.Chunks), err)
	}
}

func TestSplitIsBounded(t *testing.T) {
	if _, err := Split(noise(100_000), "fabric", 4096); err == nil || !strings.Contains(err.Error(), "at most 32 are written. Write it to a file") {
		t.Error(err)
	}
	if _, err := Split(nil, "fabric", len(ChunkKey)); err == nil {
		t.Error("chunks without room are made")
	}
	if _, err := Split(nil, "Not a name", 1<<20); err == nil || !strings.Contains(err.Error(), "Not a name") {
		t.Error(err)
	}
}

// Join notices chunks that were changed or mixed up.
func TestJoinRefuses(t *testing.T) {
	document := noise(50_000)
	split := func() Manifest {
		m, err := Split(document, "fabric", 16<<10)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, c := range map[string]struct {
		change func(m *Manifest, data map[string]string)
		says   string
	}{
		"a chunk of another run": {func(_ *Manifest, data map[string]string) { data["fabric-1"] = data["fabric-2"] }, "fabric-1 is not the one of this document"},
		"no chunk":               {func(_ *Manifest, data map[string]string) { delete(data, "fabric-3") }, "ConfigMap fabric-3: not found"},
		"chunks in another order": {func(m *Manifest, _ map[string]string) {
			m.Chunks[0], m.Chunks[1] = m.Chunks[1], m.Chunks[0]
		}, "the chunks"},
		"another checksum": {func(m *Manifest, _ map[string]string) { m.SHA256 = strings.Repeat("0", 64) }, "checksum differs"},
		"another size":     {func(m *Manifest, _ map[string]string) { m.Bytes-- }, "checksum differs"},
		"another encoding": {func(m *Manifest, _ map[string]string) { m.Encoding = "zip" }, "must be gzip+base64"},
		"a large document": {func(m *Manifest, _ map[string]string) { m.Bytes = 1 << 40 }, "at most 50000 are read"},
		"many chunks": {func(m *Manifest, _ map[string]string) {
			m.Chunks = append(m.Chunks, m.Chunks...)
			m.Chunks = append(m.Chunks, m.Chunks...)
			m.Chunks = append(m.Chunks, m.Chunks...)
			m.Chunks = append(m.Chunks, m.Chunks...)
		}, "at most 32 are read"},
	} {
		m := split()
		data := stored(m)
		c.change(&m, data)
		if _, err := Join([]byte(m.String()), len(document), from(data)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if _, err := Join([]byte("{"), 1, nil); err == nil {
		t.Error("a broken manifest is read")
	}
}
