package kube

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ChunkKey is the key of a chunk in its ConfigMap.
const ChunkKey = "chunk"

// MaxChunks is how many ConfigMaps a document may take. Each is an object in the cluster's
// store, which is shared.
const MaxChunks = 32

// Manifest says how a document is spread over ConfigMaps.
type Manifest struct {
	Encoding string  `json:"encoding"` // gzip+base64: the chunks joined are base64 of gzip
	Bytes    int     `json:"bytes"`    // of the document
	SHA256   string  `json:"sha256"`   // of the document, in hex
	Chunks   []Chunk `json:"chunks"`   // in order
}

// Chunk is a part of a document in a ConfigMap of its own.
type Chunk struct {
	Name   string `json:"name"`   // of the ConfigMap
	SHA256 string `json:"sha256"` // of the chunk as it stands there, in hex

	Data string `json:"-"` // value of ChunkKey
}

const chunkEncoding = "gzip+base64"

// Split spreads a document over ConfigMaps called name-0, name-1 and so on, with at most
// most bytes each. It fails if more than MaxChunks are needed.
func Split(document []byte, name string, most int) (Manifest, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return Manifest{}, err
	}
	if _, err := z.Write(document); err != nil {
		return Manifest{}, err
	}
	if err := z.Close(); err != nil {
		return Manifest{}, err
	}
	text := base64.StdEncoding.EncodeToString(b.Bytes())
	most = min(most, MaxData) - len(ChunkKey)
	if most <= 0 {
		return Manifest{}, fmt.Errorf("chunks of %d bytes: must be larger", most+len(ChunkKey))
	}
	if n := (len(text) + most - 1) / most; n > MaxChunks {
		return Manifest{}, fmt.Errorf("the document of %d bytes needs %d ConfigMaps of %d bytes, and at most %d are written. Write it to a file", len(document), n, most, MaxChunks)
	}
	m := Manifest{Encoding: chunkEncoding, Bytes: len(document), SHA256: sum(document)}
	for i := 0; len(text) > 0; i++ {
		part := text[:min(most, len(text))]
		text = text[len(part):]
		m.Chunks = append(m.Chunks, Chunk{Name: fmt.Sprintf("%s-%d", name, i), SHA256: sum([]byte(part)), Data: part})
	}
	for _, c := range m.Chunks {
		if err := CheckName(c.Name); err != nil {
			return Manifest{}, fmt.Errorf("ConfigMap %w", err)
		}
	}
	return m, nil
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// String is the manifest in one line of JSON.
func (m Manifest) String() string {
	b, err := json.Marshal(m)
	if err != nil {
		return "" // which strings and numbers do not give
	}
	return string(b)
}

// Join puts a document together again: chunk gives the value of ChunkKey in the ConfigMap
// of that name. At most so many bytes are read.
func Join(manifest []byte, most int, chunk func(name string) (string, error)) ([]byte, error) {
	var m Manifest
	if err := json.Unmarshal(manifest, &m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	switch {
	case m.Encoding != chunkEncoding:
		return nil, fmt.Errorf("manifest: the encoding is %q: must be %s", m.Encoding, chunkEncoding)
	case len(m.Chunks) > MaxChunks:
		return nil, fmt.Errorf("manifest: there are %d chunks: at most %d are read", len(m.Chunks), MaxChunks)
	case m.Bytes < 0 || m.Bytes > most:
		return nil, fmt.Errorf("manifest: the document has %d bytes: at most %d are read", m.Bytes, most)
	}
	var text bytes.Buffer
	for _, c := range m.Chunks {
		part, err := chunk(c.Name)
		if err != nil {
			return nil, fmt.Errorf("ConfigMap %s: %w", c.Name, err)
		}
		if sum([]byte(part)) != c.SHA256 {
			return nil, fmt.Errorf("ConfigMap %s is not the one of this document: its checksum differs. Read the manifest and the chunks again", c.Name)
		}
		text.WriteString(part)
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, &text))
	if err != nil {
		return nil, fmt.Errorf("the chunks: %w", err)
	}
	document, err := io.ReadAll(io.LimitReader(z, int64(m.Bytes)+1))
	if err != nil {
		return nil, fmt.Errorf("the chunks: %w", err)
	}
	if len(document) != m.Bytes || sum(document) != m.SHA256 {
		return nil, errors.New("the document's checksum differs from the manifest's")
	}
	return document, nil
}
