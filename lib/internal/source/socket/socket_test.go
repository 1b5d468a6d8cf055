package socket_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/socket"
)

const unix = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 21432 @vpp/memif-eth0
0000000000000000: 00000002 00000000 00010000 0001 01    17 @padded@@@@@@@@@@
0000000000000000: 00000003 00000000 00000000 0001 03 21433
0000000000000000: 00000003 00000000 00000000 0002 01 21434 /run/not/abstract
0000000000000000: 00000002 00000000 00010000 0001 01 21435 @my socket 
0000000000000000: 00000002 00000000 00010000 0001 01 21436  @blank
ffff:	00000002	00000000	00010000	0001	01	21437	@tabs
0000000000000000: 00000002 00000000 00010000 0001 01 21438 @
0000000000000000: 00000002
`

// look gives the facts as text, one per line.
func look(t *testing.T, dir string, paths ...string) []string {
	t.Helper()
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range socket.Look(root, paths) {
		switch f := f.(type) {
		case fact.Socket:
			lines = append(lines, fmt.Sprintf("%s %s: %q exists %v", f.Source, f.Where, f.Path, f.Exists))
		case fact.Problem:
			lines = append(lines, fmt.Sprintf("%s %s: %s: %v", f.Source, f.Where, f.Code, f.Err))
		}
	}
	return lines
}

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAbstract(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "proc/net/unix", unix)
	got := look(t, dir, "@vpp/memif-eth0", "@padded", "@padded@@", "@my socket ", "@my socket", "@tabs", "@blank", "@", "@vpp",
		"@/run/not/abstract", "@a\nb", "@a\x00")
	want := []string{
		`proc /proc/net/unix: "@vpp/memif-eth0" exists true`,
		`proc /proc/net/unix: "@padded" exists true`,
		`proc /proc/net/unix: "@padded@@" exists true`,
		`proc /proc/net/unix: "@my socket " exists true`,
		`proc /proc/net/unix: "@my socket" exists false`,
		`proc /proc/net/unix: "@tabs" exists true`,
		`proc /proc/net/unix: "@blank" exists false`,
		`proc /proc/net/unix: "@vpp" exists false`,
		`proc /proc/net/unix: "@/run/not/abstract" exists false`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestAbstractNotKnown(t *testing.T) {
	dir := t.TempDir()
	if got := look(t, dir, "@a"); got != nil {
		t.Errorf("without %s: %q, want nothing", "/proc/net/unix", got)
	}
	write(t, dir, "proc/net/unix", strings.Repeat("x", rootfs.MaxProc+1))
	got := look(t, dir, "@a", "@b")
	want := []string{"proc /proc/net/unix: unreadable: file is too large: the limit is 1048576 bytes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a file that is too large (-want +got):\n%s", diff)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // a socket's address is short
	write(t, dir, "run/file", "")
	listener, err := net.Listen("unix", "run/s")
	if err != nil {
		t.Skip("no sockets here:", err)
	}
	defer listener.Close()
	for name, target := range map[string]string{
		"run/link": "s", "run/up": "../../../../run/s", "var": "/", "run/loop": "loop", "run/out": "../../nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got := look(t, dir, "/run/s", "/run/link", "/run/up", "/var/run/s", "/run/none", "/none/s", "/run/file/s", "/run/out",
		"/run/file", "/run", "run/s", "", "/run/s\x00", "/run/loop")
	want := []string{
		`file /run/s: "/run/s" exists true`,
		`file /run/link: "/run/link" exists true`,
		`file /run/up: "/run/up" exists true`,
		`file /var/run/s: "/var/run/s" exists true`,
		`file /run/none: "/run/none" exists false`,
		`file /none/s: "/none/s" exists false`,
		`file /run/file/s: "/run/file/s" exists false`,
		`file /run/out: "/run/out" exists false`,
		"file /run/file: malformed: is not a socket, but a regular file",
		`file /run/file: "/run/file" exists false`,
		"file /run: malformed: is not a socket, but a directory",
		`file /run: "/run" exists false`,
		"file /run/loop: unreadable: cannot see whether the socket is there: too many levels of symbolic links",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestRealRoot(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	listener, err := net.Listen("unix", "s")
	if err != nil {
		t.Skip("no sockets here:", err)
	}
	defer listener.Close()
	if err := os.Symlink("s", "link"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s", "link"} {
		if got := look(t, "", filepath.Join(dir, name)); len(got) != 1 || !strings.HasSuffix(got[0], "exists true") {
			t.Errorf("%s in the real root: %q", name, got)
		}
	}
}

func TestNoPermission(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "private/file", "")
	private := filepath.Join(dir, "private")
	if err := os.Chmod(private, 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(private, 0o700) }() // or it could not be removed
	if _, err := os.Lstat(filepath.Join(private, "file")); !errors.Is(err, fs.ErrPermission) {
		t.Skip("this user may read every directory")
	}
	got := look(t, dir, "/private/s")
	want := []string{"file /private/s: unreadable: cannot see whether the socket is there: permission denied"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}
