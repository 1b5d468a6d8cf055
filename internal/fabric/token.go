package fabric

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"log/slog"
)

// Token is the secret that all pods of a run share. It is never sent, printed or logged.
type Token struct{ secret []byte }

// Lengths of a token in bytes. A short one can be found by trying.
const (
	minToken = 16
	maxToken = 1024
)

// ParseToken reads the content of the Secret's file; white space around it does not count.
func ParseToken(data []byte) (Token, error) {
	secret := bytes.TrimSpace(data)
	if len(secret) < minToken || len(secret) > maxToken {
		return Token{}, fmt.Errorf("the token has %d bytes: must be %d to %d; make one with: openssl rand -hex 32", len(secret), minToken, maxToken)
	}
	return Token{bytes.Clone(secret)}, nil
}

// String hides the secret.
func (Token) String() string { return "(hidden)" }

// GoString hides the secret.
func (t Token) GoString() string { return t.String() }

// LogValue hides the secret.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// proof is a code over the parts that only a holder of the token can compute. The name says
// which step of the handshake it belongs to. Each part has a fixed length.
func (t Token) proof(step string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, t.secret)
	h.Write([]byte(protocolName + " " + step + "\x00"))
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
