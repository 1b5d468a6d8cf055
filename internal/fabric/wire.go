package fabric

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxFrame is the length of the longest frame, in bytes, sealed.
const maxFrame = 64 << 10

// headerLen is the length of a frame's header, which is the length of the rest.
const headerLen = 4

// wire carries messages over a connection that has proved itself. Each frame is
// encrypted and authenticated with its number in the session (AES-256-GCM), so that
// nobody on the way can read, change, repeat or reorder one.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	open sealer

	sending sync.Mutex
	seal    sealer
	lastOut atomic.Int64 // Unix time in nanoseconds
}

// sealer is one direction of a wire.
type sealer struct {
	aead   cipher.AEAD
	number uint64 // of the next frame
}

func newWire(c net.Conn, token Token, session []byte, own, other string) (*wire, error) {
	w := &wire{conn: c, in: bufio.NewReaderSize(c, 8<<10)}
	for _, s := range []struct {
		of  *sealer
		end string
	}{{&w.seal, own}, {&w.open, other}} {
		key, err := token.key(session, s.end)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if s.of.aead, err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	w.lastOut.Store(time.Now().UnixNano())
	return w, c.SetDeadline(time.Time{})
}

// nonce gives the next frame its nonce. No nonce is used twice under a key.
func (s *sealer) nonce() []byte {
	n := make([]byte, s.aead.NonceSize())
	binary.BigEndian.PutUint64(n[len(n)-8:], s.number)
	s.number++
	return n
}

// send sends a message. After an error the wire is of no use any more.
func (w *wire) send(m message, deadline time.Time) error {
	text, err := m.encode()
	if err != nil {
		return err
	}
	w.sending.Lock()
	defer w.sending.Unlock()
	sealed := len(text) + w.seal.aead.Overhead()
	if sealed > maxFrame {
		return fmt.Errorf("a message of %d bytes: at most %d can be sent", len(text), maxFrame-w.seal.aead.Overhead())
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, headerLen+sealed), uint32(sealed))
	frame = w.seal.aead.Seal(frame, w.seal.nonce(), text, frame[:headerLen])
	if err := w.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err = w.conn.Write(frame)
	w.lastOut.Store(time.Now().UnixNano())
	return err
}

// receive waits for the next message. After an error the wire is of no use any more.
func (w *wire) receive(deadline time.Time) (message, error) {
	if err := w.conn.SetReadDeadline(deadline); err != nil {
		return message{}, err
	}
	text, err := readFrame(w.in, &w.open)
	if err != nil {
		return message{}, err
	}
	return decode(text)
}

// readFrame reads a frame and opens it.
func readFrame(r io.Reader, open *sealer) ([]byte, error) {
	var header [headerLen]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(header[:])
	if n < uint32(open.aead.Overhead()) || n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes: must be %d to %d", n, open.aead.Overhead(), maxFrame)
	}
	sealed := make([]byte, n)
	if _, err := io.ReadFull(r, sealed); err != nil {
		return nil, err
	}
	return open.aead.Open(sealed[:0], open.nonce(), sealed, header[:])
}

// beat sends a sign of life whenever nothing else was sent for so long, until ended is
// closed or the connection fails.
func (w *wire) beat(every time.Duration, ended <-chan struct{}) {
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ended:
			return
		case <-timer.C:
		}
		wait := every - time.Since(time.Unix(0, w.lastOut.Load()))
		if wait <= 0 {
			if w.send(message{}, time.Now().Add(every)) != nil {
				_ = w.conn.Close() // who receives notices
				return
			}
			wait = every
		}
		timer.Reset(wait)
	}
}
