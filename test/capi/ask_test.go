//go:build capi

package capi

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// job is a job for testdata/ask.c.
type job struct {
	Helper     string   `json:"helper,omitempty"`
	Root       string   `json:"root,omitempty"`
	Podinfo    string   `json:"podinfo,omitempty"`
	Env        []string `json:"env"`
	Hints      []string `json:"hints,omitempty"`
	Interfaces []string `json:"interfaces,omitempty"`
	WaitMs     int      `json:"waitMs,omitempty"`
	TimeoutMs  int      `json:"timeoutMs,omitempty"`
	Find       []string `json:"find,omitempty"`
	Labels     []string `json:"labels,omitempty"`
	EAL        *ealJob  `json:"eal,omitempty"`
}

type ealJob struct {
	Program      string   `json:"program,omitempty"`
	DPDKVersion  string   `json:"dpdkVersion,omitempty"`
	Interfaces   []string `json:"interfaces,omitempty"`
	DevArgs      []string `json:"devargs,omitempty"`
	VDevs        []string `json:"vdevs,omitempty"`
	Extra        []string `json:"extra,omitempty"`
	Queues       int      `json:"queues,omitempty"`
	MTU          int      `json:"mtu,omitempty"`
	Memory       int      `json:"memory,omitempty"`
	FilePrefix   string   `json:"filePrefix,omitempty"`
	MultiProcess bool     `json:"multiProcess,omitempty"`
}

// answer is the answer of testdata/ask.c to a job.
type answer struct {
	Error    callError          `json:"error"`
	Pod      map[string]any     `json:"pod"`  // rebuilt from the accessors
	JSON     map[string]any     `json:"json"` // podnet_pod_json
	Find     map[string]*string `json:"find"`
	Labels   map[string]*string `json:"labels"`
	EAL      *ealAnswer         `json:"eal"`
	EALError *callError         `json:"ealError"`
}

type callError struct {
	Result   int       `json:"result"`
	Text     string    `json:"text"`
	Problems []problem `json:"problems"`
}

type problem struct {
	Code      string `json:"code"`
	Number    int    `json:"number"`
	Source    string `json:"source"`
	Where     string `json:"where"`
	Interface string `json:"interface"`
	Message   string `json:"message"`
	Remedy    string `json:"remedy"`
	Transient bool   `json:"transient"`
}

type ealAnswer struct {
	Argv    []string  `json:"argv"`
	Ended   bool      `json:"ended"`
	Ports   []port    `json:"ports"`
	LeftOut []problem `json:"leftOut"`
}

type port struct {
	Interface  string    `json:"interface"`
	Network    string    `json:"network"`
	Device     string    `json:"device"`
	Name       string    `json:"name"`
	KindNumber int       `json:"kindNumber"`
	MTU        int       `json:"mtu"`
	Problems   []problem `json:"problems"`
}

// The results of podnet.h that tests look for.
const (
	resultOK            = 0
	resultInvalid       = -1
	resultSystem        = -3
	resultNoHelper      = -4
	resultHelperExec    = -5
	resultHelperVersion = -6
	resultHelperFailed  = -7
	resultTimeout       = -8
	resultCanceled      = -9
	resultNotReady      = -10
)

// ask lets a program carry out jobs in one process.
func ask(t *testing.T, program string, env []string, jobs ...job) []answer {
	t.Helper()
	return carryOut[job, answer](t, program, env, jobs)
}

// carryOut gives a program jobs, one line each, and reads an answer to each of them.
func carryOut[Job, Answer any](t *testing.T, program string, env []string, jobs []Job) []Answer {
	t.Helper()
	var in, out, stderr bytes.Buffer
	for _, j := range jobs {
		if err := json.NewEncoder(&in).Encode(j); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s", program, err, &stderr)
	}
	var answers []Answer
	for dec := json.NewDecoder(&out); dec.More(); {
		var a Answer
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(jobs) {
		t.Fatalf("%d answers to %d jobs", len(answers), len(jobs))
	}
	return answers
}

// command runs podnet's command line in this process.
func command(env []string, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = cli.Podnet(context.Background(), append([]string{"podnet"}, args...), env,
		cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return out.String(), errs.String(), code
}

// scenarios are the pods of the library's tests.
func scenarios(t *testing.T) map[string]*podnettest.Scenario {
	t.Helper()
	all := map[string]*podnettest.Scenario{}
	for _, pattern := range []string{"../../lib/podnet/testdata/*.txtar", "../../lib/podnet/testdata/args/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no scenarios %s: %v", pattern, err)
		}
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".txtar")
			if all[name] != nil {
				name = "args/" + name
			}
			all[name] = podnettest.Load(t, file)
		}
	}
	return all
}

// hints gives a scenario's hints as flags have them.
func hints(s *podnettest.Scenario) (list []string) {
	for name, hint := range s.Hints {
		list = append(list, name+"="+hint)
	}
	return list
}
