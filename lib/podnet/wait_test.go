//go:build unix

package podnet

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReady(t *testing.T) {
	no, yes := false, true
	vhost := func(name, mode string, exists *bool) Interface {
		return Interface{Name: name, Kind: KindVhostUser, VhostUser: &VhostUser{Path: "/run/v", Role: mode, Exists: exists}}
	}
	memif := func(name, role string, exists *bool) Interface {
		return Interface{Name: name, Kind: KindMemif, Memif: &Memif{Path: "@m", Role: role, Exists: exists}}
	}
	warning := func(code Code) Warning {
		return Warning{Code: code, Source: "annotation", Where: string(code) + "-place", Message: "m"}
	}
	kernel := Interface{Name: "eth0", Kind: KindKernel}
	for _, tt := range []struct {
		name       string
		interfaces []Interface
		warnings   []Warning
		want       []string // parts of the error; nil: ready
	}{
		{"nothing at all", nil, nil, nil},
		{"no status", nil, []Warning{warning(CodeNoStatus)}, []string{"annotation no-status-place: m"}},
		{"no annotations", nil, []Warning{warning(CodeNoAnnotations)}, []string{"no-annotations-place"}},
		{"half a file", nil, []Warning{{Code: CodeMalformed, Source: "downward-api", Where: "file:1", Message: "m"}}, []string{"file:1"}},
		{"no file that can be read", nil, []Warning{{Code: CodeUnreadable, Source: "downward-api", Where: "file", Message: "too large"}}, []string{"too large"}},
		{"a bad line, and another network", []Interface{kernel}, []Warning{{Code: CodeMalformed, Source: "downward-api"}}, nil},
		{"no status, and none needed", []Interface{kernel}, []Warning{warning(CodeNoStatus)}, nil},
		{"no networks", nil, []Warning{warning(CodeNoNetworks)}, nil},
		{"pending", []Interface{kernel}, []Warning{warning(CodePending)}, []string{"pending-place"}},
		{"other warnings", []Interface{kernel}, []Warning{warning(CodeConflict), warning(CodeMalformed)}, nil},
		{"sockets that are there", []Interface{vhost("net1", RoleClient, &yes), memif("net2", RoleClient, &yes)}, nil, nil},
		{"sockets that may be there", []Interface{vhost("net1", RoleClient, nil), memif("net2", RoleClient, nil)}, nil, nil},
		{"the pod's own sockets", []Interface{vhost("net1", RoleServer, nil), memif("net2", RoleServer, &no), memif("net3", "", &no)}, nil, nil},
		{"both ends", []Interface{vhost("net1", RoleClient, &no), vhost("net2", RoleServer, nil)}, nil, nil},
		{
			"several",
			[]Interface{vhost("net1", RoleClient, &no), memif("net2", RoleClient, &no)},
			[]Warning{warning(CodePending)},
			[]string{"pending-place", `interface "net1"`, `"/run/v"`, `interface "net2"`, `"@m"`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Ready(&Pod{Interfaces: tt.interfaces, Warnings: tt.warnings})
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not have %q", err, part)
				}
			}
		})
	}
}

func TestReadyFor(t *testing.T) {
	no := false
	pod := &Pod{Interfaces: []Interface{
		{Name: "net1", Memif: &Memif{Path: "/1", Role: RoleClient, Exists: &no}},
		{Name: "net2", Memif: &Memif{Path: "/2", Role: RoleServer}},
	}}
	for _, tt := range []struct {
		names []string
		want  string // empty: ready
	}{
		{nil, `interface "net1"`},
		{[]string{"net2"}, ""},
		{[]string{NoInterface}, ""},
		{[]string{"net2", "net1"}, `interface "net1"`},
		{[]string{"net9", "net9"}, `interface "net9": the pod has no such interface: it has net1, net2`},
	} {
		err := ReadyFor(tt.names...)(pod)
		if (err == nil) != (tt.want == "") || err != nil && (!strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%v: %v, want %q once", tt.names, err, tt.want)
		}
	}
	pod.Warnings = []Warning{{Code: CodePending, Source: "annotation", Where: "w", Message: "m"}}
	if err := ReadyFor("net2")(pod); err == nil || err.Error() != "annotation w: m" {
		t.Errorf("with a network that is pending: %v", err)
	}
}

// waitFor is Wait, with a limit for when it does not work.
func waitFor(t *testing.T, opts Options, cond func(*Pod) error) *Pod {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	pod, err := Wait(ctx, opts, cond)
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// after returns a condition that is Ready, and does the next of the steps each
// time that it is not.
func after(t *testing.T, steps ...func()) func(*Pod) error {
	t.Cleanup(func() {
		if len(steps) > 0 {
			t.Errorf("%d steps were not waited for", len(steps))
		}
	})
	var last string
	return func(pod *Pod) error {
		err := Ready(pod)
		if err != nil && err.Error() != last && len(steps) > 0 {
			last = err.Error()
			steps[0]()
			steps = steps[1:]
		}
		return err
	}
}

// TestWait has everything come late, one after the other.
func TestWait(t *testing.T) {
	eventsOnly(t)
	r := newLiveRoot(t)
	const selection = `[{"name":"net1","namespace":"ns"},{"name":"net2","namespace":"ns"}]`
	socket := `{"name":"ns/net2","interface":"net2","device-info":` +
		`{"type":"vhost-user","version":"1.1.0","vhost-user":{"mode":"client","path":"/run/v.sock"}}}`
	r.annotate(selectionKey, selection)
	pod := waitFor(t, r.options(), after(t,
		func() {
			r.annotate(selectionKey, selection, statusKey, strings.TrimSuffix(status("net1"), "]")+","+socket+"]")
		},
		func() { r.listen("/run/v.sock") },
	))
	if got := names(pod); got != "eth0 net1 net2" || len(pod.Warnings) > 0 {
		t.Errorf("interfaces are %s, warnings %v", got, pod.Warnings)
	}
	// Once it is there it is not waited for, nor anything watched.
	before := newNotify
	defer func() { newNotify = before }()
	newNotify = nil
	waitFor(t, r.options(), nil)
}

// TestWaitForHotplug waits for a network that is added to the running pod, and
// for none that Multus left out of the status.
func TestWaitForHotplug(t *testing.T) {
	eventsOnly(t)
	r := newLiveRoot(t)
	const before, later = `[{"name":"net1"},{"name":"net2"}]`, `[{"name":"net1"},{"name":"net2"},{"name":"net3"}]`
	r.annotate(selectionKey, before)
	looks := 0
	pod := waitFor(t, r.options(), func(pod *Pod) error {
		looks++
		switch err := Ready(pod); {
		case looks == 1:
			if !errors.Is(err, ErrPending) {
				t.Errorf("before the status: %v", err)
			}
			r.annotate(selectionKey, before, statusKey, status("net1"))
			return errors.New("go on")
		case len(pod.Interfaces) == 3 && err == nil:
			// net2 has no entry in the status, and is not waited for.
			r.annotate(selectionKey, later, statusKey, status("net1"))
			return errors.New("go on")
		case errors.Is(err, ErrPending) && len(pod.Interfaces) == 3:
			r.annotate(selectionKey, later, statusKey, status("net1", "net3"))
			return err
		default:
			return err
		}
	})
	if got := names(pod); got != "eth0 net1 net3 net2" {
		t.Errorf("interfaces are %s", got)
	}
}

// TestWaitErrors waits out what Discover fails with.
func TestWaitErrors(t *testing.T) {
	eventsOnly(t)
	for name, strict := range map[string]bool{"nothing to read": false, "strict": true} {
		t.Run(name, func(t *testing.T) {
			r := newLiveRoot(t)
			opts := r.options()
			if opts.Strict = strict; strict {
				r.annotate("a", "b")
			}
			done := make(chan error)
			go func() {
				done <- r.tryUpdate(map[string]string{"annotations": annotationsFile(statusKey, status("net1"))})
			}()
			if pod := waitFor(t, opts, nil); names(pod) != "eth0 net1" {
				t.Errorf("interfaces are %s", names(pod))
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWaitTimeout(t *testing.T) {
	var place *Error
	for _, tt := range []struct {
		name, annotations string
		strict            bool
		cond              func(*Pod) error
		is                error
		text              string
	}{
		{"no status", annotationsFile("a", "b"), false, nil, ErrNoStatus, "still missing after 1m30s: annotation " + statusKey + ": "},
		{"strict", annotationsFile("a", "b"), true, nil, ErrNoStatus, "still missing after 1m30s: annotation " + statusKey + ": "},
		{"nothing to read", "", false, nil, ErrNoAnnotations, "still missing after 1m30s: nothing about a pod could be read: "},
		{
			"a condition of one's own", annotationsFile(statusKey, status("net1")), false,
			func(*Pod) error { return fs.ErrPermission }, fs.ErrPermission, "still missing after 1m30s: permission denied",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pollOnly(t)
				r := newLiveRoot(t)
				if tt.annotations != "" {
					r.update(map[string]string{"annotations": tt.annotations})
				}
				opts := r.options()
				opts.Strict = tt.strict
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				begin := time.Now()
				pod, err := Wait(ctx, opts, tt.cond)
				if pod != nil || time.Since(begin) != 90*time.Second {
					t.Errorf("Wait = %v after %s", pod, time.Since(begin))
				}
				if !errors.Is(err, tt.is) || !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), tt.text) {
					t.Errorf("error is %v, want %v behind %q", err, tt.is, tt.text)
				}
				if tt.cond == nil && (!errors.As(err, &place) || place.Where == "") {
					t.Errorf("error %v names no place", err)
				}
			})
		})
	}
}

// TestWaitEndsAtOnce does not wait for missing devices, unless the caller wants it.
func TestWaitEndsAtOnce(t *testing.T) {
	lookup := func(pod *Pod) error { _, err := pod.Lookup("net9"); return err }
	for _, tt := range []struct {
		name, annotations string
		strict            bool
		cond              func(*Pod) error
		is                error
	}{
		{"no such interface", annotationsFile(statusKey, status("net1")), false, lookup, ErrNoSuchInterface},
		{"a code alone", annotationsFile(statusKey, status("net1")), false, func(*Pod) error { return ErrWrongDriver }, ErrWrongDriver},
		{"among others", annotationsFile("a", "b"), false, func(pod *Pod) error { return errors.Join(Ready(pod), ErrNotPresent) }, ErrNotPresent},
		{"strict", annotationsFile(statusKey, "[]"), true, nil, ErrNoNetworks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pollOnly(t)
				r := newLiveRoot(t)
				r.update(map[string]string{"annotations": tt.annotations})
				opts := r.options()
				opts.Strict = tt.strict
				for _, opts.Patient = range []bool{false, true} {
					ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
					begin := time.Now()
					pod, err := Wait(ctx, opts, tt.cond)
					waited := time.Since(begin)
					cancel()
					if pod != nil || !errors.Is(err, tt.is) {
						t.Errorf("Wait = %v, %v, want %v", pod, err, tt.is)
					}
					if patient := errors.Is(err, context.DeadlineExceeded); patient != opts.Patient || patient != (waited == 90*time.Second) {
						t.Errorf("patient %t: waited for %s: %v", opts.Patient, waited, err)
					}
				}
			})
		})
	}
	// The same name may come as long as there is no status.
	synctest.Test(t, func(t *testing.T) {
		pollOnly(t)
		r := newLiveRoot(t)
		r.annotate("a", "b")
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		if _, err := Wait(ctx, r.options(), lookup); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrNoSuchInterface) {
			t.Errorf("before there is a status: %v", err)
		}
	})
}

// A deadline that passes before the first look does not hide what is missing.
func TestWaitLooksOnce(t *testing.T) {
	r := newLiveRoot(t)
	r.annotate("a", "b")
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err := Wait(ctx, r.options(), nil); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrNoStatus) {
		t.Errorf("error is %v, want %v", err, ErrNoStatus)
	}
}

func TestWaitCanceled(t *testing.T) {
	r := newLiveRoot(t)
	r.annotate("a", "b")
	stop := errors.New("told to stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	looked := false
	pod, err := Wait(ctx, r.options(), func(pod *Pod) error {
		looked = true
		cancel(stop)
		return Ready(pod)
	})
	if pod != nil || !errors.Is(err, stop) || !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNoStatus) {
		t.Errorf("Wait = %v, %v", pod, err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "told to stop: still missing after ") {
		t.Errorf("error is %q", text)
	}
	looked = false
	pod, err = Wait(ctx, r.options(), func(*Pod) error { looked = true; return nil })
	if pod != nil || looked || !errors.Is(err, stop) || err.Error() != "told to stop" {
		t.Errorf("with a context that has ended: Wait = %v, %v, looked %v", pod, err, looked)
	}
	for pod, err := range Watch(ctx, r.options()) {
		t.Errorf("with a context that has ended: Watch gives %v, %v", pod, err)
	}
}

// TestWaitMissingRoot does not wait for a root.
func TestWaitMissingRoot(t *testing.T) {
	pod, err := Wait(t.Context(), Options{Root: t.TempDir() + "/missing"}, nil)
	if pod != nil || !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "root: ") {
		t.Errorf("Wait = %v, %v", pod, err)
	}
}
