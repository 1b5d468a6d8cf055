package fabric

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// Version is the protocol's. Coordinator and agents must have the same.
const Version = 1

// protocolName is the same in all versions, so that two versions can tell each other.
const protocolName = "podnet-fabric"

// handshakeTime is how long a connection may take to prove itself.
const handshakeTime = 5 * time.Second

// The handshake, in which each end proves that it has the token and says nothing else:
//
//	agent        magic, version, nonce A, proof(A)
//	coordinator  version, nonce B, proof(version, A, B)
//	agent        proof(version, A, B)
//
// The coordinator says nothing at all before it has checked the first proof. Whoever
// recorded and repeats it gets a random number and a proof about it, and does not pass the
// third step. The keys of the frames that follow come from the token and both nonces.
const (
	magic    = "pdnfabrc"
	nonceLen = 32
	proofLen = sha256.Size
)

var (
	// ErrStranger means that the other end did not prove that it has the token.
	ErrStranger = errors.New("the other end did not prove that it has this run's token")
	// ErrVersion means that the ends have different versions of the protocol.
	ErrVersion = errors.New("the pods have different versions of testpmd-wrapper: use one image for all")
)

// dialed proves an agent to the coordinator at the other end of c, and the other way round.
func dialed(c net.Conn, token Token) (*wire, error) {
	if err := c.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return nil, err
	}
	version, nonceA := versionBytes(), nonce()
	hello := slices.Concat([]byte(magic), version, nonceA, token.proof("hello", version, nonceA))
	if _, err := c.Write(hello); err != nil {
		return nil, err
	}
	answer := make([]byte, len(version)+nonceLen+proofLen)
	if _, err := io.ReadFull(c, answer); err != nil {
		// A coordinator with another token ends the connection without a word.
		return nil, fmt.Errorf("%w, or is no coordinator: %w", ErrStranger, err)
	}
	theirs, nonceB, proof := answer[:len(version)], answer[len(version):len(answer)-proofLen], answer[len(answer)-proofLen:]
	if !hmac.Equal(proof, token.proof("coordinator", theirs, nonceA, nonceB)) {
		return nil, ErrStranger
	}
	if err := sameVersion(theirs); err != nil {
		return nil, err
	}
	if _, err := c.Write(token.proof("agent", version, nonceA, nonceB)); err != nil {
		return nil, err
	}
	return newWire(c, token, slices.Concat(nonceA, nonceB), "agent", "coordinator")
}

// accepted is the coordinator's side of dialed.
func accepted(c net.Conn, token Token) (*wire, error) {
	if err := c.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return nil, err
	}
	version := versionBytes()
	hello := make([]byte, len(magic)+len(version)+nonceLen+proofLen)
	if _, err := io.ReadFull(c, hello); err != nil {
		return nil, err
	}
	theirs, nonceA, proof := hello[len(magic):len(magic)+len(version)], hello[len(magic)+len(version):len(hello)-proofLen], hello[len(hello)-proofLen:]
	if string(hello[:len(magic)]) != magic || !hmac.Equal(proof, token.proof("hello", theirs, nonceA)) {
		return nil, ErrStranger
	}
	nonceB := nonce()
	if _, err := c.Write(slices.Concat(version, nonceB, token.proof("coordinator", version, nonceA, nonceB))); err != nil {
		return nil, err
	}
	if err := sameVersion(theirs); err != nil {
		return nil, err
	}
	last := make([]byte, proofLen)
	if _, err := io.ReadFull(c, last); err != nil {
		return nil, err
	}
	if !hmac.Equal(last, token.proof("agent", version, nonceA, nonceB)) {
		return nil, ErrStranger
	}
	return newWire(c, token, slices.Concat(nonceA, nonceB), "coordinator", "agent")
}

func versionBytes() []byte { return binary.BigEndian.AppendUint16(nil, Version) }

func sameVersion(theirs []byte) error {
	if v := binary.BigEndian.Uint16(theirs); v != Version {
		return fmt.Errorf("%w (protocol %d here, %d there)", ErrVersion, Version, v)
	}
	return nil
}

// nonce is a number that was never used before.
func nonce() []byte {
	b := make([]byte, nonceLen)
	_, _ = rand.Read(b) // never fails
	return b
}

// key encrypts the frames that one end sends in a session.
func (t Token) key(session []byte, sender string) ([]byte, error) {
	return hkdf.Key(sha256.New, t.secret, session, protocolName+" frames of the "+sender, sha256.Size)
}
