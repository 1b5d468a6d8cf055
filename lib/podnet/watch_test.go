//go:build unix

package podnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

const (
	statusKey    = "k8s.v1.cni.cncf.io/network-status"
	selectionKey = "k8s.v1.cni.cncf.io/networks"
)

// liveRoot is the root of a container whose files change.
type liveRoot struct {
	testing.TB
	dir     string
	podinfo string // the volume's directory, inside the root
	updates int
}

func newLiveRoot(t testing.TB) *liveRoot {
	t.Helper()
	// t.TempDir may be too long for a socket's name.
	dir, err := os.MkdirTemp("", "podnet")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &liveRoot{TB: t, dir: dir, podinfo: "/etc/podnetinfo"}
}

func (r *liveRoot) options() Options {
	return Options{Root: r.dir, Environ: []string{}}
}

func (r *liveRoot) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *liveRoot) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// write makes a file and the directories above it.
func (r *liveRoot) write(name, data string) {
	r.Helper()
	r.check(r.tryWrite(name, data))
}

func (r *liveRoot) tryWrite(name, data string) error {
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(r.path(name), []byte(data), 0o644)
}

// update gives the Downward API volume these files.
func (r *liveRoot) update(files map[string]string) {
	r.Helper()
	r.check(r.tryUpdate(files))
}

// tryUpdate is update for any goroutine. It does as kubelet's atomic writer: all
// files are in a new directory, to which the link ..data is turned.
func (r *liveRoot) tryUpdate(files map[string]string) error {
	r.updates++
	stamp := fmt.Sprintf("..2026_01_02_03_04_05.%09d", r.updates)
	for name, data := range files {
		if err := r.tryWrite(r.podinfo+"/"+stamp+"/"+name, data); err != nil {
			return err
		}
	}
	link := r.path(r.podinfo + "/..data")
	old, _ := os.Readlink(link)
	if err := errors.Join(os.Symlink(stamp, link+"_tmp"), os.Rename(link+"_tmp", link)); err != nil {
		return err
	}
	for name := range files {
		err := os.Symlink("..data/"+name, r.path(r.podinfo+"/"+name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if old == "" {
		return nil
	}
	return os.RemoveAll(r.path(r.podinfo + "/" + old))
}

// annotate updates the volume's annotations, which are given as keys and values.
func (r *liveRoot) annotate(pairs ...string) {
	r.Helper()
	r.update(map[string]string{"annotations": annotationsFile(pairs...)})
}

func annotationsFile(pairs ...string) string {
	var b strings.Builder
	for pair := range slices.Chunk(pairs, 2) {
		b.WriteString(pair[0] + "=" + strconv.Quote(pair[1]) + "\n")
	}
	return b.String()
}

// status is a network-status of secondary networks ns/NAME on interfaces NAME.
func status(names ...string) string {
	entries := []string{`{"name":"cbr0","interface":"eth0","default":true}`}
	for _, name := range names {
		entries = append(entries, fmt.Sprintf(`{"name":"ns/%s","interface":%q}`, name, name))
	}
	return "[" + strings.Join(entries, ",") + "]"
}

// vhostStatus is a network-status of net1 with a vhost-user socket.
func vhostStatus(mode, path string) string {
	return fmt.Sprintf(`[{"name":"ns/net1","interface":"net1","device-info":`+
		`{"type":"vhost-user","version":"1.1.0","vhost-user":{"mode":%q,"path":%q}}}]`, mode, path)
}

// listen makes a socket as the other side does.
func (r *liveRoot) listen(name string) {
	r.Helper()
	r.check(os.MkdirAll(filepath.Dir(r.path(name)), 0o755))
	l, err := (&net.ListenConfig{}).Listen(r.Context(), "unix", r.path(name))
	r.check(err)
	r.Cleanup(func() { _ = l.Close() })
}

// eventsOnly makes looks rely on events: the next look without one is an hour off.
func eventsOnly(t testing.TB) { setInterval(t, time.Hour) }

func setInterval(t testing.TB, d time.Duration) {
	before := lookInterval
	lookInterval = d
	t.Cleanup(func() { lookInterval = before })
}

// pollOnly makes looks do without events.
func pollOnly(t testing.TB) {
	before := newNotify
	newNotify = func() (*fsnotify.Watcher, error) { return nil, errors.New("too many open files") }
	t.Cleanup(func() { newNotify = before })
}

// watched takes the results of a Watch one by one.
type watched struct {
	testing.TB
	next func() (*Pod, error, bool)
}

func watchPod(t testing.TB, opts Options) watched {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	next, stop := iter.Pull2(Watch(ctx, opts))
	t.Cleanup(func() { stop(); cancel() })
	return watched{t, next}
}

// until takes results until one is as wanted; the last of those before is in the
// message if there is none in time.
func (w watched) until(what string, wanted func(*Pod, error) bool) *Pod {
	w.Helper()
	var last string
	for {
		pod, err, ok := w.next()
		if !ok {
			w.Fatalf("never seen: %s; the last was %s", what, last)
		}
		if wanted(pod, err) {
			return pod
		}
		last = fingerprint(pod, err)
	}
}

// names are the pod's interfaces.
func names(pod *Pod) string {
	var list []string
	for _, i := range pod.Interfaces {
		list = append(list, i.Name)
	}
	return strings.Join(list, " ")
}

func (w watched) untilNames(want string) *Pod {
	w.Helper()
	return w.until("interfaces "+want, func(pod *Pod, err error) bool { return err == nil && names(pod) == want })
}

func (w watched) untilSocket(want bool) {
	w.Helper()
	w.until(fmt.Sprintf("a socket that is there: %v", want), func(pod *Pod, err error) bool {
		if err != nil || len(pod.Interfaces) == 0 {
			return false
		}
		s := pod.Interfaces[0].socket()
		return s.exists != nil && *s.exists == want
	})
}

func TestWatchStatus(t *testing.T) {
	for name, setup := range map[string]func(*testing.T, *liveRoot){
		"by events": func(t *testing.T, _ *liveRoot) { eventsOnly(t) },
		"without events": func(t *testing.T, _ *liveRoot) {
			pollOnly(t)
			setInterval(t, time.Millisecond)
		},
		"through links": func(t *testing.T, r *liveRoot) {
			eventsOnly(t)
			r.podinfo = "/run/info"
			r.check(os.MkdirAll(r.path("/etc"), 0o755))
			r.check(os.Symlink("/var/run/info", r.path("/etc/podnetinfo")))
			r.check(os.MkdirAll(r.path("/var"), 0o755))
			r.check(os.Symlink("/run", r.path("/var/run")))
		},
		"at the second place": func(t *testing.T, r *liveRoot) {
			eventsOnly(t)
			r.podinfo = "/etc/podinfo"
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newLiveRoot(t)
			setup(t, r)
			r.annotate("a", "b")
			w := watchPod(t, r.options())
			w.until("no status", func(pod *Pod, err error) bool {
				return err == nil && slices.ContainsFunc(pod.Warnings, func(w Warning) bool { return w.Code == CodeNoStatus })
			})
			r.annotate(statusKey, status("net1"))
			w.untilNames("eth0 net1")
			r.annotate(statusKey, status("net1", "net2"))
			w.untilNames("eth0 net1 net2")
			r.annotate(statusKey, status())
			w.untilNames("eth0")
		})
	}
}

// TestWatchPlainFile is of a volume that is not kubelet's work.
func TestWatchPlainFile(t *testing.T) {
	eventsOnly(t)
	r := newLiveRoot(t)
	r.write("/etc/podnetinfo/annotations", "")
	w := watchPod(t, r.options())
	r.write("/etc/podnetinfo/annotations", annotationsFile(statusKey, status("net1")))
	w.untilNames("eth0 net1")
}

// TestWatchAbsent begins with less and less of the volume.
func TestWatchAbsent(t *testing.T) {
	for name, dir := range map[string]string{
		"the file":              "/etc/podnetinfo",
		"the directory":         "/etc",
		"the one above it, too": "/",
	} {
		t.Run(name, func(t *testing.T) {
			eventsOnly(t)
			r := newLiveRoot(t)
			r.check(os.MkdirAll(r.path(dir), 0o755))
			w := watchPod(t, r.options())
			w.until("an error", func(_ *Pod, err error) bool { return errors.Is(err, ErrNoAnnotations) })
			r.annotate(statusKey, status("net1"))
			w.untilNames("eth0 net1")

			// It may go and come again, at the same place.
			r.check(os.RemoveAll(r.path("/etc")))
			w.until("the error again", func(_ *Pod, err error) bool { return errors.Is(err, ErrNoAnnotations) })
			r.annotate(statusKey, status("net2"))
			w.untilNames("eth0 net2")
		})
	}
}

func TestWatchSocket(t *testing.T) {
	for name, dir := range map[string]string{"its directory is there": "/run/vpp", "it is not": "/"} {
		t.Run(name, func(t *testing.T) {
			eventsOnly(t)
			r := newLiveRoot(t)
			r.check(os.MkdirAll(r.path(dir), 0o755))
			r.check(os.MkdirAll(r.path("/var"), 0o755))
			r.check(os.Symlink("/run", r.path("/var/run")))
			r.annotate(statusKey, vhostStatus(RoleClient, "/var/run/vpp/v.sock"))
			w := watchPod(t, r.options())
			w.untilSocket(false)
			r.listen("/run/vpp/v.sock")
			w.untilSocket(true)
		})
	}
}

// TestWatchAbstractSocket is of one that has no events.
func TestWatchAbstractSocket(t *testing.T) {
	setInterval(t, time.Millisecond)
	r := newLiveRoot(t)
	const header = "Num       RefCount Protocol Flags    Type St Inode Path\n"
	r.write("/proc/net/unix", header)
	r.annotate(statusKey, vhostStatus(RoleClient, "@vpp/v"))
	w := watchPod(t, r.options())
	w.untilSocket(false)
	r.write("/proc/net/unix", header+"0000000000000000: 00000002 00000000 00010000 0001 01 12345 @vpp/v\n")
	w.untilSocket(true)
}

// TestWatchErrorOnce looks many times at what stays as it is.
func TestWatchErrorOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pollOnly(t)
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		time.AfterFunc(30*time.Minute, func() { _ = os.RemoveAll(dir) })
		var got []string
		for pod, err := range Watch(ctx, Options{Root: dir, Environ: []string{}}) {
			if pod != nil {
				t.Errorf("a Pod of nothing: %+v", pod)
			}
			got = append(got, fmt.Sprint(errors.Is(err, ErrNoAnnotations), errors.Is(err, fs.ErrNotExist)))
		}
		if diff := cmp.Diff([]string{"true false", "false true"}, got); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
		if ctx.Err() == nil {
			t.Error("the sequence ended before the context did")
		}
	})
}

// TestConsistent has a writer that updates the volume as fast as it can between
// two states whose files belong together.
func TestConsistent(t *testing.T) {
	r := newLiveRoot(t)
	states := []map[string]string{
		{"annotations": annotationsFile(statusKey, status("net1")), "hugepages_2M_request_app": "512"},
		{"annotations": annotationsFile(statusKey, status("net2")), "hugepages_2M_request_app": "1024"},
	}
	r.update(states[0])
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 1; ctx.Err() == nil; n++ {
			if err := r.tryUpdate(states[n%2]); err != nil {
				t.Error(err)
				stop()
			}
		}
	}()
	defer func() { stop(); <-stopped }()

	opts := r.options()
	opts.Environ = []string{"CONTAINER_NAME=app"}
	seen := map[string]int{}
	for pod, err := range Watch(ctx, opts) {
		if err != nil {
			t.Fatal(err)
		}
		state := names(pod)
		for _, h := range pod.Hugepages {
			state += fmt.Sprintf(" %s %d", h.Size, *h.RequestBytes>>20)
		}
		if len(pod.Warnings) > 0 || state != "eth0 net1 2Mi 512" && state != "eth0 net2 2Mi 1024" {
			t.Fatalf("the files of two states: %s, warnings %v", state, pod.Warnings)
		}
		if seen[state]++; len(seen) == 2 && seen[state] >= 20 {
			return
		}
	}
	t.Errorf("seen in a minute: %v", seen)
}

// TestNothingStays counts what belongs to the process before and after.
func TestNothingStays(t *testing.T) {
	r := newLiveRoot(t)
	r.annotate(statusKey, status("net1"))
	count := func() (goroutines, files int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skipf("no /proc: %v", err)
		}
		return runtime.NumGoroutine(), len(entries)
	}
	loop := func(n int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for _, err := range Watch(ctx, r.options()) {
			if err != nil {
				t.Fatal(err)
			}
			switch n % 3 {
			case 0: // before it watches anything
				return
			case 1:
				cancel()
			default:
				if r.updates%2 == 0 {
					return
				}
				r.annotate(statusKey, status("net2"))
			}
		}
	}
	loop(2) // what is made once and for all
	goroutines, files := count()
	for n := range 100 {
		r.annotate(statusKey, status("net1"))
		loop(n)
	}
	g, f := count()
	for end := time.Now().Add(time.Minute); g > goroutines && time.Now().Before(end); g, f = count() {
		runtime.Gosched() // fsnotify's goroutine says that it has ended just before it does
	}
	if g > goroutines || f > files {
		t.Errorf("%d goroutines and %d open files before, %d and %d afterwards", goroutines, files, g, f)
	}
}

// TestBurst has one look for many events.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, lost := make(chan fsnotify.Event, 1000), make(chan error, 1)
		w := watcher{events: events, errors: lost, added: map[string]bool{}, in: interest{"/d": {all: true}}}
		send := func(dir string, n int) {
			for range n {
				events <- fsnotify.Event{Name: dir + "/f", Op: fsnotify.Create}
			}
		}
		wait := func() time.Duration {
			begin := time.Now()
			w.wait(t.Context(), lookInterval)
			return time.Since(begin)
		}
		send("/d", 500)
		if took := wait(); took != burst || len(events) != 0 {
			t.Errorf("a burst: waited %s, and left %d events", took, len(events))
		}
		send("/other", 500)
		if took := wait(); took != lookInterval || len(events) != 0 {
			t.Errorf("events of others: waited %s, and left %d events", took, len(events))
		}
		lost <- fsnotify.ErrEventOverflow
		if took := wait(); took != burst {
			t.Errorf("events that were lost: waited %s", took)
		}
	})
}

// TestWatcherTakesErrors has fsnotify hand over an error, which it does when a
// directory is renamed and removed at once, while nobody waits for events.
func TestWatcherTakesErrors(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "d")
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		check(os.Mkdir(dir, 0o755))
		in := interest{dir: {all: true}}
		var w watcher
		if !w.follow(in) {
			t.Skip("this system has no events")
		}
		// The first event waits to be taken until all has happened.
		check(os.Mkdir(dir+"/f", 0o755))
		check(os.Rename(dir, dir+"2"))
		check(os.RemoveAll(dir + "2"))
		check(os.Mkdir(dir, 0o755))
		<-w.events
		time.Sleep(time.Millisecond) // for the error to be on its way, as a rule
		w.follow(in)
		w.close()
	}
}

func TestPlaces(t *testing.T) {
	r := newLiveRoot(t)
	for _, dir := range []string{"/etc/podinfo", "/run/a", "/var"} {
		r.check(os.MkdirAll(r.path(dir), 0o755))
	}
	r.check(os.Symlink("/run", r.path("/var/run")))
	r.check(os.Symlink(filepath.Dir(r.dir), r.path("/out")))
	client := func(path string, exists bool) Interface {
		return Interface{VhostUser: &VhostUser{Path: path, Role: RoleClient, Exists: &exists}}
	}
	unknown, server := client("/x/unknown", false), client("/x/server", false)
	unknown.VhostUser.Exists, server.VhostUser.Role = nil, RoleServer
	pod := &Pod{Interfaces: []Interface{
		client("/var/run/a/1", false), client("/var/run/b/2", false), client("/run/c", false),
		client("/x/there", true), unknown, server, client("@abstract", false),
		client("/out/secret/3", false), client("/../../4", false), client("", false), client("/bad\x00/5", false),
	}}
	opts := r.options()
	got := map[string]string{}
	for dir, e := range places(opts, pod) {
		list := slices.DeleteFunc(slices.Sorted(maps.Keys(e.names)), func(name string) bool { return name == "" })
		text := strings.Join(list, " ")
		if e.all {
			text = "*"
		}
		got[strings.TrimPrefix(dir, r.dir)] = text
	}
	// A link that leads out of the root leads nowhere, so it is itself that
	// may change.
	want := map[string]string{"/etc": "podnetinfo", "/etc/podinfo": "*", "/run/a": "1", "/run": "b c", "": "/ 4 bad\x00 out"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	const claim = "/run/kubernetes.io/dra-device-attributes/resourceclaims/c/r"
	r.write(claim+"/driver-metadata.json", "{}")
	for _, dir := range []string{claim, "/run/kubernetes.io/dra-device-attributes"} {
		if !places(opts, nil)[r.path(dir)].all {
			t.Errorf("%s is not watched", dir)
		}
	}
	r.check(os.RemoveAll(r.path("/run/kubernetes.io")))
	opts.Podinfo = "/my/info"
	if got := places(opts, nil); len(got) != 1 || !got[r.dir].names["my"] {
		t.Errorf("places of another volume are %v", got)
	}
	opts.Root += "-missing"
	if got := places(opts, pod); len(got) != 0 {
		t.Errorf("places in no root are %v", got)
	}
	if _, err := rootfs.New(opts.Root); err == nil {
		t.Error("the root is there")
	}
}

func TestFingerprint(t *testing.T) {
	limit := uint64(1 << 30)
	base := func() *Pod {
		return &Pod{
			Interfaces: []Interface{{Name: "net1", PCI: &PCI{Driver: "iavf"}}},
			Hugepages:  []Hugepages{{Size: "2Mi", LimitBytes: &limit, UsedBytes: 1, Nodes: []HugepageNode{{Node: 0, FreeBytes: 1}}}},
			Warnings:   []Warning{{Code: "a", Where: "1"}, {Code: "a", Where: "2"}},
		}
	}
	for _, tt := range []struct {
		name    string
		change  func(*Pod)
		changed bool
	}{
		{"nothing", func(*Pod) {}, false},
		{"free pages", func(p *Pod) { p.Hugepages[0].Nodes[0].FreeBytes = 2 }, false},
		{"used bytes", func(p *Pod) { p.Hugepages[0].UsedBytes = 2 }, false},
		{"order of warnings", func(p *Pod) { slices.Reverse(p.Warnings) }, false},
		{"a warning", func(p *Pod) { p.Warnings[0].Message = "m" }, true},
		{"limit", func(p *Pod) { p.Hugepages[0].LimitBytes = nil }, true},
		{"driver", func(p *Pod) { p.Interfaces[0].PCI.Driver = "vfio-pci" }, true},
		{"labels", func(p *Pod) { p.Labels = map[string]string{"a": "b"} }, true},
	} {
		before, pod := base(), base()
		tt.change(pod)
		want := *pod
		if changed := fingerprint(before, nil) != fingerprint(pod, nil); changed != tt.changed {
			t.Errorf("%s: changed %v, want %v", tt.name, changed, tt.changed)
		}
		if diff := cmp.Diff(want.Hugepages, pod.Hugepages); diff != "" {
			t.Errorf("%s: the Pod itself is changed (-want +got):\n%s", tt.name, diff)
		}
	}
	if fingerprint(nil, errors.New("a")) == fingerprint(nil, errors.New("b")) {
		t.Error("two errors are the same")
	}
}
