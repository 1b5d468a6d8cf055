package peertest

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// User is the user of the image and of the manifests' pods, and its group.
const User = 65532

// Permitted makes a copy of a program whose file permits capabilities (setcap ...=p), as
// the image's file does. Only then can a pod's securityContext add them for a user.
func Permitted(t *testing.T, program string, capabilities ...uintptr) string {
	t.Helper()
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "podnet-permitted-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, filepath.Base(program))
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(path, data, 0o755)); err != nil {
		t.Fatal(err)
	}
	var set uint32
	for _, c := range capabilities {
		set |= 1 << c
	}
	// struct vfs_cap_data, little-endian: VFS_CAP_REVISION_2 without the effective
	// flag, then permitted and inheritable, twice.
	var attribute []byte
	for _, word := range []uint32{0x02000000, set, 0, 0, 0} {
		attribute = binary.LittleEndian.AppendUint32(attribute, word)
	}
	if err := unix.Setxattr(path, "security.capability", attribute, 0); err != nil {
		t.Fatal(err)
	}
	return path
}
