// Command bench compares the CPU time that podnet and app-netutil take to find a pod's
// interfaces, and shows podnet's time with all its sources. It does not compare their
// answers: the tests of test/parity do. Start with asked.
//
// Both get the same annotations and the same environment and nothing else. With
// Options.PodOnly podnet reads only these, and app-netutil never reads more. Each run is a
// process of its own, since app-netutil reads the environment of its own process, and the
// two take turns. The figures are CPU time per call (user and system, including the
// garbage collector), medians of the runs.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	oracle "github.com/openshift/app-netutil/lib/v1alpha"
	"github.com/openshift/app-netutil/pkg/logging"

	"github.com/podnet/podnet/lib/podnet"
)

var (
	runs     = flag.Int("runs", 10, "runs of each library on each pod")
	duration = flag.Duration("duration", 200*time.Millisecond, "how long a run is")
	asJSON   = flag.Bool("json", false, "print JSON for make bench-peers")
	program  = flag.String("podnet", "", "with --json: measure inspect of this static program, too")
)

// childFlag, as the first argument, makes this a process that measures. It is
// followed by one of the names of asked, a root and a duration.
const childFlag = "-measure"

// asked are the things to measure: a call's result is how many interfaces it found.
var asked = map[string]func(root string) func() int{
	"podnet":      func(root string) func() int { return discover(podnet.Options{Root: root}) },
	"podnet only": func(root string) func() int { return discover(podnet.Options{Root: root, PodOnly: true}) },
	// Its log goes nowhere, which is its fastest way: it still formats the arguments and
	// reads the clock.
	"app-netutil": func(root string) func() int {
		logging.SetLogLevel("error")
		logging.SetLogStderr(false)
		oracle.SetDownwardAPIMountPath(filepath.Join(root, "etc/podnetinfo"))
		return func() int {
			response, err := oracle.GetInterfaces()
			if err != nil {
				return -1
			}
			return len(response.Interface)
		}
	},
}

func discover(opts podnet.Options) func() int {
	opts.Environ = os.Environ()
	return func() int {
		pod, err := podnet.Discover(context.Background(), opts)
		if err != nil {
			return -1
		}
		return len(pod.Interfaces)
	}
}

func main() {
	var err error
	if len(os.Args) == 5 && os.Args[1] == childFlag {
		err = measure(os.Args[2], os.Args[3], os.Args[4])
	} else {
		flag.Parse()
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure calls one library for a while and prints the CPU time per call in
// nanoseconds, and the number of interfaces.
func measure(library, root, length string) error {
	atLeast, err := time.ParseDuration(length)
	if err != nil {
		return err
	}
	if root, err = enter(root); err != nil {
		return err
	}
	call := asked[library](root)
	// On idle CPUs the garbage collector does more than it has to.
	runtime.GOMAXPROCS(1)
	interfaces := 0
	for range 10 { // warm up
		interfaces = call()
	}
	calls := 0
	start, cpu := time.Now(), cpuTime()
	for time.Since(start) < atLeast {
		call()
		calls++
	}
	_, err = fmt.Println((cpuTime()-cpu).Nanoseconds()/int64(calls), interfaces)
	return err
}

// enter makes root the root of this process, as in a container, and gives its new name.
// app-netutil finds its environment there in /proc. Without the privilege the process
// measures podnet with another root, which costs more than its own root.
func enter(root string) (string, error) {
	environ := strings.Join(os.Environ(), "\x00") + "\x00"
	proc := filepath.Join(root, "proc", strconv.Itoa(os.Getpid()))
	if os.Geteuid() != 0 {
		return root, nil
	}
	if err := os.MkdirAll(proc, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(proc, "environ"), []byte(environ), 0o600); err != nil {
		return "", err
	}
	if err := syscall.Chroot(root); err != nil {
		return "", err
	}
	return "/", os.Chdir("/")
}

// cpuTime gives the CPU time of this process so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// child measures once in a process whose environment is the pod's.
func child(library string, p pod) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, childFlag, library, p.root, duration.String())
	cmd.Env = p.environ
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("measuring %s: %w", library, err)
	}
	fields := strings.Fields(string(out))
	if len(fields) != 2 {
		return 0, fmt.Errorf("measuring %s: it printed %q", library, out)
	}
	ns, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0, err
	}
	if interfaces, err := strconv.Atoi(fields[1]); err != nil || interfaces != p.interfaces {
		return 0, fmt.Errorf("%s found %s interfaces of %d", library, fields[1], p.interfaces)
	}
	return time.Duration(ns), nil
}

// medians measures several libraries on one pod, in turns.
func medians(p pod, libraries ...string) ([]time.Duration, error) {
	times := make([][]time.Duration, len(libraries))
	for range *runs {
		for i, library := range libraries {
			d, err := child(library, p)
			if err != nil {
				return nil, err
			}
			times[i] = append(times[i], d)
		}
	}
	middle := make([]time.Duration, len(libraries))
	for i := range times {
		slices.Sort(times[i])
		n := len(times[i])
		middle[i] = (times[i][(n-1)/2] + times[i][n/2]) / 2
	}
	return middle, nil
}

// comparison has the costs of both libraries on a pod, in µs of CPU time.
type comparison struct {
	Interfaces         int
	Podnet, AppNetutil float64
}

// inMemory is where pods are written: in memory, as sysfs, proc and the volume are,
// because reading a disk's file system costs more. Empty: no such place is known here.
func inMemory() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return ""
}

func run() error {
	if *runs < 1 {
		return fmt.Errorf("-runs %d: at least one", *runs)
	}
	dir, err := os.MkdirTemp(inMemory(), "podnet-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	compared, err := compare(dir)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(dir, compared)
	}

	fmt.Printf("CPU time per call in µs, medians of %d runs of %v\n\n", *runs, *duration)
	fmt.Println("annotations and environment alone")
	fmt.Printf("%10s %10s %12s %6s\n", "interfaces", "podnet", "app-netutil", "ratio")
	for _, c := range compared {
		fmt.Printf("%10d %10.1f %12.1f %6.2f\n", c.Interfaces, c.Podnet, c.AppNetutil, c.Podnet/c.AppNetutil)
	}
	for _, mix := range []struct {
		name  string
		kinds []kind
	}{
		{"VFs on vfio-pci and mlx5_core", onVFs},
		{"a mix of VFs, resource claims and memif", []kind{vfioVF, mlx5VF, claimedVF, memifSocket}},
	} {
		if err := runEverySource(dir, mix.name, mix.kinds); err != nil {
			return err
		}
	}
	return nil
}

var onVFs = []kind{vfioVF, mlx5VF}

// compare measures both libraries on pods of several sizes.
func compare(dir string) (all []comparison, err error) {
	for _, n := range []int{1, 8, 64, 250} {
		p, err := annotationsOnly(filepath.Join(dir, fmt.Sprint("annotations", n)), n)
		if err != nil {
			return nil, err
		}
		t, err := medians(p, "podnet only", "app-netutil")
		if err != nil {
			return nil, err
		}
		all = append(all, comparison{n, micros(t[0]), micros(t[1])})
	}
	return all, nil
}

// printJSON prints the figures for make bench-peers: the comparison, and the costs of a pod
// with four VFs.
func printJSON(dir string, compared []comparison) error {
	out := struct {
		AppNetutil []comparison
		Discover   float64 // µs of CPU time
		Inspect    float64 // ms by the clock, of a whole process
	}{AppNetutil: compared}
	p, err := everySource(filepath.Join(dir, "four"), 4, onVFs)
	if err != nil {
		return err
	}
	t, err := medians(p, "podnet")
	if err != nil {
		return err
	}
	out.Discover = micros(t[0])
	if *program != "" {
		took, err := inspect(p)
		if err != nil {
			return err
		}
		out.Inspect = micros(took) / 1000
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// inspect runs the static program in the pod, whose root becomes its own with privilege.
func inspect(p pod) (time.Duration, error) {
	data, err := os.ReadFile(*program)
	if err != nil {
		return 0, err
	}
	inside := filepath.Join(p.root, "podnet")
	if err := os.WriteFile(inside, data, 0o755); err != nil { //nolint:gosec // it is a program
		return 0, err
	}
	var times []time.Duration
	for range 10 * *runs {
		cmd := exec.Command(inside, "inspect", "--root", p.root)
		if os.Geteuid() == 0 {
			cmd = exec.Command("/podnet", "inspect")
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: p.root}
			cmd.Dir = "/"
		}
		cmd.Env = p.environ
		begin := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("inspect: %w: %s", err, out)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// runEverySource measures podnet with all its sources on pods of several sizes.
func runEverySource(dir, name string, kinds []kind) error {
	fmt.Printf("\npodnet with every source: %s\n", name)
	fmt.Printf("%10s %10s\n", "interfaces", "podnet")
	var devices, times []float64
	for _, n := range []int{4, 8, 16, 32} {
		p, err := everySource(filepath.Join(dir, fmt.Sprint("full", len(kinds), "-", n)), n, kinds)
		if err != nil {
			return err
		}
		t, err := medians(p, "podnet")
		if err != nil {
			return err
		}
		fmt.Printf("%10d %10.1f\n", n, micros(t[0]))
		devices, times = append(devices, float64(n)), append(times, micros(t[0]))
	}
	perDevice, fixed := fit(devices, times)
	fmt.Printf("per further interface %.1f µs, beside %.1f µs for the container (linear fit)\n", perDevice, fixed)
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// fit is the line through points with the least squares.
func fit(x, y []float64) (slope, intercept float64) {
	var sx, sy, sxx, sxy float64
	n := float64(len(x))
	for i := range x {
		sx, sy = sx+x[i], sy+y[i]
		sxx, sxy = sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	slope = (n*sxy - sx*sy) / (n*sxx - sx*sx)
	return slope, (sy - slope*sx) / n
}
