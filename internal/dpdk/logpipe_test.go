//go:build cgo && !nodpdk

package dpdk

import (
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLogPipe(t *testing.T) {
	p, err := newLogPipe()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	go p.run(func(level byte, text string) { got = append(got, string(level)+" "+text) })
	if _, err := syscall.Write(p.writeFD, []byte("4EAL: no room\n\x007two\nlines\n\x00")); err != nil {
		t.Fatal(err)
	}
	p.flush()
	if diff := cmp.Diff([]string{"4 EAL: no room", "7 two\nlines"}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if _, err := syscall.Write(p.writeFD, []byte(strings.Repeat("x", 1<<16)+"\x00")); err != nil {
		t.Fatal(err)
	}
	p.flush() // whether the pipe has room for the mark or not, it comes back
}
