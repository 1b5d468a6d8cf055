package podnet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/source/downward"
	"github.com/podnet/podnet/lib/internal/source/dra"
)

// burst is how long more events are waited for after the first: an update of a
// volume is several.
const burst = 5 * time.Millisecond

// Variables that tests replace.
var (
	// lookInterval is how often everything is looked at, because much of it,
	// such as sysfs and abstract sockets, has no events.
	lookInterval = time.Second
	newNotify    = fsnotify.NewWatcher
)

// Watch gives the Pod at once, and again each time that it has changed: when
// kubelet has written the annotations again, when a socket has come or gone, when
// a driver has taken a device. The use of hugepages is no change. An error is
// Discover's; it is given once, and watching goes on. The sequence ends when ctx does.
//
// All files of the Downward API volume are from one state of it. The file system's
// events show an update of the volume, and a socket that appears, within milliseconds.
// Other changes show within a second, and so do these where there are no events. States
// that come and go while the loop's body runs are skipped. Nothing is left running when
// the loop ends.
func Watch(ctx context.Context, opts Options) iter.Seq2[*Pod, error] {
	return func(yield func(*Pod, error) bool) {
		var last string
		for pod, err := range looks(ctx, opts) {
			now := fingerprint(pod, err)
			if ctx.Err() != nil {
				return
			}
			if now == last {
				continue
			}
			last = now
			if !yield(pod, err) {
				return
			}
		}
	}
}

// fingerprint is the same for two results of Discover unless they differ in a way that
// Watch reports.
func fingerprint(pod *Pod, err error) string {
	if err != nil {
		return "error " + err.Error()
	}
	lasting := *pod
	lasting.Hugepages = slices.Clone(pod.Hugepages)
	for i := range lasting.Hugepages {
		lasting.Hugepages[i].UsedBytes, lasting.Hugepages[i].Nodes = 0, nil
	}
	lasting.Warnings = slices.SortedFunc(slices.Values(pod.Warnings), func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Where, b.Where), cmp.Compare(a.Message, b.Message))
	})
	text, err := json.Marshal(lasting)
	if err != nil {
		return "error " + err.Error()
	}
	return string(text)
}

// looks gives what Discover says, again and again until ctx ends: whenever
// something happens that may change it, and every lookInterval. A look that has
// begun is finished, and the first one begins even after the deadline, so that there
// is a result even if the time is short.
func looks(ctx context.Context, opts Options) iter.Seq2[*Pod, error] {
	return func(yield func(*Pod, error) bool) {
		var w watcher
		var memory hotplug
		defer w.close()
		for first := true; ctx.Err() == nil || first && errors.Is(ctx.Err(), context.DeadlineExceeded); first = false {
			pod, ok, err := look(context.WithoutCancel(ctx), opts, &memory)
			result, resultErr := pod, err
			if err == nil && opts.Strict && len(pod.Warnings) > 0 {
				result, resultErr = nil, warningsError(pod)
			}
			if ok && !yield(result, resultErr) {
				return
			}
			// Changes between the look and the watch's beginning need one more
			// look.
			pause := lookInterval
			if w.follow(places(opts, pod)) || !ok {
				pause = burst
			}
			w.wait(ctx, pause)
		}
	}
}

// look is Discover without Options.Strict, since the Pod says what to watch, even
// if it has warnings. If kubelet updates the volume meanwhile, files may have been
// missed that were removed under the reader's hands: then it looks again. ok is
// false if the updates do not let it.
func look(ctx context.Context, opts Options, memory *hotplug) (pod *Pod, ok bool, err error) {
	opts.Strict = false
	const attempts = 10
	for range attempts {
		before := volumes(opts)
		pod, err = discover(ctx, opts, memory)
		if slices.Equal(before, volumes(opts)) {
			return pod, true, err
		}
	}
	return pod, false, err
}

// volumes tells the states of the Downward API volumes apart.
func volumes(opts Options) []string {
	root, err := opts.container()
	if err != nil {
		return nil
	}
	var targets []string
	for _, dir := range podinfoDirs(opts) {
		targets = append(targets, downward.Target(root, dir))
	}
	return targets
}

// podinfoDirs are where the volume may be.
func podinfoDirs(opts Options) []string {
	if opts.Podinfo != "" {
		return []string{opts.Podinfo}
	}
	return downward.DefaultDirs
}

func warningsError(pod *Pod) error {
	errs := make([]error, len(pod.Warnings))
	for i, w := range pod.Warnings {
		errs[i] = w.Err()
	}
	return errors.Join(errs...)
}

// interest is what is watched: directories, as the operating system names them.
type interest map[string]entries

// entries are the names in a directory that matter.
type entries struct {
	all   bool
	names map[string]bool
}

// places are where something may happen that changes the Pod; pod is nil if there
// is none yet.
func places(opts Options, pod *Pod) interest {
	root, err := opts.container()
	if err != nil {
		return nil
	}
	in := interest{}
	for _, dir := range podinfoDirs(opts) {
		in.add(root, dir, "")
	}
	for _, dir := range dra.Dirs {
		in.addTree(root, dir, draDepth)
	}
	if pod == nil {
		return in
	}
	for _, i := range pod.Interfaces {
		if s := i.socket(); s.missing() && !strings.HasPrefix(s.path, "@") {
			name := path.Clean("/" + s.path)
			in.add(root, path.Dir(name), path.Base(name))
		}
	}
	return in
}

// add adds the entry name of dir, or all of them if name is empty. If there is
// no such directory yet, the nearest one above it tells when there may be.
func (in interest) add(root rootfs.FS, dir, name string) {
	for dir = path.Clean("/" + dir); ; dir, name = path.Dir(dir), path.Base(dir) {
		hostPath, err := root.Directory(dir)
		if err == nil {
			e := in[hostPath]
			if e.names == nil {
				e.names = map[string]bool{}
			}
			e.names[name] = true
			e.all = e.all || name == ""
			in[hostPath] = e
			return
		}
		if dir == "/" {
			return
		}
	}
}

const (
	draDepth = 3   // resourceclaims, claim, request: drivers write the file in place
	treeMost = 100 // directories of all trees
)

// addTree adds dir and the directories below it, if it is there.
func (in interest) addTree(root rootfs.FS, dir string, depth int) {
	if _, err := root.Directory(dir); err != nil || len(in) >= treeMost {
		return
	}
	in.add(root, dir, "")
	if depth == 0 {
		return
	}
	names, err := root.ReadDir(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		in.addTree(root, path.Join(dir, name), depth-1)
	}
}

// watcher tells when something happens in directories. A user has a limited number of
// fsnotify's watchers; without one, watcher only lets time pass. The zero value is ready.
// The first call of follow makes the fsnotify watcher, because often the first look is
// enough; close removes it.
type watcher struct {
	begun  bool
	notify *fsnotify.Watcher // nil: the user has no more of them
	events <-chan fsnotify.Event
	errors <-chan error
	in     interest
	added  map[string]bool // directories that are watched, as far as is known
}

func (w *watcher) begin() {
	w.begun = true
	if notify, err := newNotify(); err == nil {
		w.notify, w.events, w.errors = notify, notify.Events, notify.Errors
		w.added = map[string]bool{}
	}
}

func (w *watcher) close() {
	if w.notify != nil {
		w.call(func() { _ = w.notify.Close() })
	}
}

// follow watches these directories and no others, and tells whether one of them is new, or
// events were lost. The regular looks cover a directory that cannot be watched.
func (w *watcher) follow(in interest) (again bool) {
	if !w.begun {
		w.begin()
	}
	w.in = in
	if w.notify == nil {
		return false
	}
	lost := w.call(func() {
		for dir := range w.added {
			if _, ok := in[dir]; !ok {
				_ = w.notify.Remove(dir)
				delete(w.added, dir)
			}
		}
		for dir := range in {
			// Adding it again does no harm, and helps if another directory
			// has come in its place without an event.
			if err := w.notify.Add(dir); err == nil && !w.added[dir] {
				w.added[dir], again = true, true
			}
		}
	})
	return again || lost
}

// call waits for f, which calls methods of fsnotify's watcher. They wait for a
// lock that its goroutine holds while it hands over an error, so that errors have
// to be taken meanwhile.
func (w *watcher) call(f func()) (lost bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	for {
		select {
		case <-done:
			return lost
		case _, ok := <-w.errors:
			if lost = true; !ok {
				w.errors = nil // closed
			}
		}
	}
}

// wait waits until something has happened, or for a while, or until ctx ends.
func (w *watcher) wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for happened := false; ; {
		now := false
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case err := <-w.errors:
			now = err != nil // events were lost
		case event := <-w.events:
			now = w.matters(event)
		}
		if now && !happened {
			happened = true
			timer.Reset(min(burst, pause))
		}
	}
}

// matters tells whether an event is about a place of interest.
func (w *watcher) matters(event fsnotify.Event) bool {
	if w.added[event.Name] { // the directory itself has gone, or has another mode
		if event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename) {
			delete(w.added, event.Name)
		}
		return true
	}
	dir, name := filepath.Split(event.Name)
	e := w.in[filepath.Clean(dir)]
	return e.all || e.names[name]
}
