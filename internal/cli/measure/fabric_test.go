package measure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/result"
)

// tokenFile is a file with a token.
func tokenFile(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const goodToken = "0123456789abcdef0123456789abcdef"

// runFabric runs the command on a DPDK of memory.
func runFabric(t *testing.T, env []string, args ...string) (*world, error) {
	t.Helper()
	var w world
	d := w.deps()
	d.Env, d.driver = env, dpdktest.New()
	d.PID += len(strings.Join(env, "")) // DPDK's files differ by it
	cmd := newFabricCmd(d)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return &w, cmd.ExecuteContext(t.Context())
}

// Flags that contradict one another, or the environment, are refused before anything
// starts, and the error has the remedy.
func TestFabricFlags(t *testing.T) {
	token := tokenFile(t, goodToken)
	with := func(args ...string) []string {
		return append([]string{"--nodes", "3", "--index", "1", "--token-file", token}, args...)
	}
	for name, tt := range map[string]struct {
		env  []string
		args []string
		code int
		says string
	}{
		"no nodes":            {nil, []string{"--index", "0"}, cli.CodeUsage, "must be 2 to 1000"},
		"no index":            {nil, []string{"--nodes", "3", "--token-file", token}, cli.CodeUsage, "JOB_COMPLETION_INDEX"},
		"index of nobody":     {nil, with("--index", "3"), cli.CodeUsage, "must be 0 to 2"},
		"index of a variable": {[]string{"JOB_COMPLETION_INDEX=7"}, []string{"--nodes", "3", "--token-file", token}, cli.CodeUsage, "JOB_COMPLETION_INDEX 7"},
		"no number":           {[]string{"JOB_COMPLETION_INDEX=x"}, []string{"--nodes", "3", "--token-file", token}, cli.CodeUsage, `"x" is not an index`},
		"no token":            {nil, []string{"--nodes", "3", "--index", "0"}, cli.CodeUsage, "openssl rand -hex 32"},
		"no token file":       {nil, with("--token-file", token+".not"), cli.CodeNotReady, "token.not"},
		"short token":         {nil, with("--token-file", tokenFile(t, "short")), cli.CodeUsage, "must be 16"},
		"coordinator":         {nil, with("--coordinator", "podnet-fabric"), cli.CodeUsage, "HOST:PORT"},
		"two states":          {nil, with("--state-file", "s", "--state-configmap", "s"), cli.CodeUsage, "give one"},
		"ConfigMap":           {nil, with("--result-configmap", "../x"), cli.CodeUsage, "--result-configmap"},
		"rate":                {nil, with("--rate", "fast"), cli.CodeUsage, `"fast"`},
		"frame size":          {nil, with("--frame-size", "20"), cli.CodeUsage, "--frame-size"},
		"short search":        {nil, with("--quick", "--duration", "1s"), cli.CodeUsage, "3s at least"},
		"one way search":      {nil, with("--quick", "--mode", "saturate"), cli.CodeUsage, "saturate"},
		"one way times":       {nil, with("--max-p99", "1ms", "--mode", "saturate"), cli.CodeUsage, "--max-p99"},
		"part of the median":  {nil, with("--min-fraction-of-median", "2"), cli.CodeUsage, "--min-fraction-of-median"},
		"loss":                {nil, with("--max-loss", "-1"), cli.CodeUsage, "--max-loss"},
		"rate that is least":  {nil, with("--min-mpps", "NaN"), cli.CodeUsage, "--min-mpps"},
		"too large":           {nil, with("--nodes", "1000", "--rails", "cross", "--rail-count", "2"), cli.CodeUsage, "--rail-count"},
		"patience":            {nil, with("--patience", "0s"), cli.CodeUsage, "--patience"},
		"wait for pods":       {nil, with("--join-timeout", "0s"), cli.CodeUsage, "--join-timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runFabric(t, tt.env, tt.args...)
			if cli.ExitCode(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.says) {
				t.Errorf("code %d, %v; want %d, %s", cli.ExitCode(err), err, tt.code, tt.says)
			}
			if err != nil && strings.Contains(err.Error(), goodToken) {
				t.Error("the token is said")
			}
		})
	}
}

// The plan is for a run with the same flags.
func TestFabricPlan(t *testing.T) {
	w, err := runFabric(t, nil, "plan", "--nodes", "100", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var plan struct {
		fabric.Plan
		Schedule []string `json:"schedule"`
	}
	if err := json.Unmarshal(w.out.Bytes(), &plan); err != nil {
		t.Fatal(err)
	}
	if plan.Rounds != 99 || len(plan.Schedule) != 99 || plan.Measurements != 9900 || plan.Seconds <= 0 {
		t.Errorf("%+v, want 99 rounds and 9900 measurements", plan)
	}
	w, err = runFabric(t, nil, "plan", "--nodes", "4", "--rail-count", "2", "--rails", "cross")
	if err != nil || !strings.Contains(w.out.String(), "2 rails per node, rails cross") {
		t.Errorf("%v:\n%s", err, &w.out)
	}
	if text := w.out.String(); !strings.Contains(text, "\nround 1       0-3 1-2\n") {
		t.Errorf("the plan of four nodes lists no round 1: %s", text)
	}
	if _, err = runFabric(t, nil, "plan", "--nodes", "1"); cli.ExitCode(err) != cli.CodeUsage {
		t.Errorf("%v, want one about usage", err)
	}
}

// Two pods find each other and end together. Their ports are not connected here, and the
// matrix says that nothing arrived.
func TestFabricCommand(t *testing.T) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	file := filepath.Join(t.TempDir(), "fabric.json")
	args := []string{
		"--nodes", "2", "--token-file", tokenFile(t, goodToken+"\n"), "--coordinator", "localhost:" + port, "--vdev", "net_ring0",
		"--memory", "none", "--rate", "1kpps", "--duration", "100ms", "--warmup", "0s", "--max-loss", "0.5", "--join-timeout", "30s",
	}
	ended := make(chan error, 1)
	go func() {
		_, err := runFabric(t, []string{"JOB_COMPLETION_INDEX=1", "NODE_NAME=node-b"}, args...)
		ended <- err
	}()
	w, err := runFabric(t, []string{"JOB_COMPLETION_INDEX=0", "NODE_NAME=a"}, append(args, "-o", "json", "--result-file", file)...)
	if cli.ExitCode(err) != cli.CodeBelow && cli.ExitCode(err) != cli.CodeInvalid { // a busy machine
		t.Errorf("code %d, %v, want that the loss is too high", cli.ExitCode(err), err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the other pod: %v", err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := result.ParseFabric(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.out.String(); got != string(data) {
		t.Errorf("standard output is not the file:\n%s", got)
	}
	if !doc.Complete || len(doc.Pairs) != 2 || doc.Nodes[0].Name != "a" || doc.Nodes[1].Name != "node-b" || doc.Settings.MaxLoss == nil {
		t.Errorf("%+v", doc)
	}
	for _, p := range doc.Pairs {
		if p.Missing != nil || p.Arrived == nil || *p.Arrived != 0 || p.Offered == 0 {
			t.Errorf("%+v, want figures, and that nothing arrived", p)
		}
	}
}

// The exit code of a pod decides whether the Job counts it as done.
func TestFabricEnded(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
	}{
		{nil, cli.CodeDone},
		{fabric.ErrNoCoordinator, cli.CodeNotReady},
		{fabric.ErrNotWanted, cli.CodeFailed},
		{errors.New("x"), cli.CodeFailed},
	} {
		if err := ended(t.Context(), tt.err); cli.ExitCode(err) != tt.code {
			t.Errorf("%v: code %d, want %d", tt.err, cli.ExitCode(err), tt.code)
		}
	}
}
