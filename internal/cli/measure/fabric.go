package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/kube"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

type fabricOptions struct {
	deps
	driveOptions
	metricsOption
	fabricScope
	fabricGates
	Index           int
	Coordinator     string
	TokenFile       string
	Node            string
	Patience        time.Duration
	ResultFile      string
	TerminationLog  string
	ResultConfigMap string
	StateFile       string
	StateConfigMap  string
	Output          string

	flags *pflag.FlagSet
}

const fabricHelp = `fabric measures the fast path between all nodes. It runs in every pod of an Indexed Job
that has one pod per node (manifests/fabric). Each pod generates and reflects packets.
The pod with the index 0 also coordinates: the others register with it over TCP, and it
assigns rounds in which every node measures with one other. At the end it writes the
matrix of all pairs.

  pairs     every pair of nodes, one direction after the other
  ring      each node and the next one, one direction after the other
  saturate  every pair of nodes, both directions of all pairs of a round at once

A rail is a fast interface of the pod, counted from 0. If a pod dies, hangs or comes
late, only its own pairs have no figures, and the matrix says why. All pods need the
same --token-file, from a Secret. A connection without the token gets no answer.`

func newFabricCmd(d deps) *cobra.Command {
	opts := fabricOptions{deps: d}
	cmd := &cobra.Command{
		Use:   "fabric --nodes N --token-file FILE",
		Short: "Measure the fast path between all nodes, as one matrix",
		Long:  fabricHelp,
		Args:  cobra.NoArgs,
		RunE:  d.UntilStopped(func(ctx context.Context) error { return fabricRun(ctx, opts) }),
	}
	f := cmd.Flags()
	opts.flags = f
	f.IntVar(&opts.Index, "index", -1, "index of this pod; the pod with index 0 coordinates (default: JOB_COMPLETION_INDEX of the environment)")
	f.StringVar(&opts.Coordinator, "coordinator", "podnet-fabric:9092", "HOST:PORT on which the pod with index 0 listens")
	f.StringVar(&opts.TokenFile, "token-file", "", "file with the token that all pods of the run share, such as a mounted Secret")
	f.StringVar(&opts.Node, "node", "", "name of the node (default: NODE_NAME of the environment, else the host's name)")
	f.DurationVar(&opts.Patience, "patience", 15*time.Minute, "how long to look for the coordinator before giving up")
	opts.fabricGates.addFlags(f)
	f.StringVar(&opts.ResultFile, "result-file", "", "the coordinator writes the whole result to this file as JSON")
	f.StringVar(&opts.TerminationLog, "termination-log", "", "the coordinator writes a summary of at most 4096 bytes to this file; without a value to "+defaultTerminationLog)
	f.Lookup("termination-log").NoOptDefVal = defaultTerminationLog
	f.StringVar(&opts.ResultConfigMap, "result-configmap", "", "the coordinator writes the result to this ConfigMap of the pod's namespace when the run ends; other keys stay")
	f.StringVar(&opts.StateFile, "state-file", "", "the coordinator keeps its state in this file, and goes on from it after a restart")
	f.StringVar(&opts.StateConfigMap, "state-configmap", "", "the coordinator keeps its state in this ConfigMap of the pod's namespace, and the Job's next pod goes on from it")
	opts.addMetricsFlag(f)
	opts.fabricScope.addFlags(cmd)
	opts.driveOptions.addFlags(cmd, d)
	opts.AddFlags(cmd)
	cli.AddOutputFlag(cmd, &opts.Output, report.FabricFormats()...)
	cmd.AddCommand(newFabricPlanCmd(d))
	return cmd
}

// fabricJob is a pod's part of a run, with every flag read.
type fabricJob struct {
	*fabricOptions
	config   fabric.Config
	timing   fabric.Timing
	settings result.FabricSettings // the thresholds
	token    fabric.Token
	log      *slog.Logger
	kube     *kube.Client // nil: no flag names a ConfigMap
	// coordinator is this pod's part beside its agent; nil: another pod has it.
	coordinator *fabric.Coordinator
}

// read reads the flags before anything starts.
func (o *fabricOptions) read() (j fabricJob, err error) {
	j = fabricJob{fabricOptions: o, log: slog.New(slog.NewTextHandler(o.Err, nil))}
	if j.config, j.timing, err = o.config(o.flags); err != nil {
		return j, err
	}
	j.timing.Patience = o.Patience
	if err := o.fabricGates.read(&j.settings, j.config); err != nil {
		return j, err
	}
	if err := cmp.Or(o.checkPeerTimeout(), o.checkCPUs(), o.CheckEndpoints(), o.readIndex()); err != nil {
		return j, err
	}
	if _, port, ok := cutEndpoint(o.Coordinator); !ok || port == 0 {
		return j, cli.UsageErrorf("--coordinator %q: must be HOST:PORT, such as podnet-fabric:9092", o.Coordinator)
	}
	if o.StateFile != "" && o.StateConfigMap != "" {
		return j, cli.UsageErrorf("--state-file and --state-configmap: give one")
	}
	for flag, name := range map[string]string{"result-configmap": o.ResultConfigMap, "state-configmap": o.StateConfigMap} {
		if name == "" {
			continue
		}
		if err := kube.CheckName(name); err != nil {
			return j, cli.UsageErrorf("--%s %w", flag, err)
		}
	}
	if o.Patience <= 0 {
		return j, cli.UsageErrorf("--patience %s: must be above 0", o.Patience)
	}
	o.frame = j.config.Load.Mix.Largest()
	if j.token, err = readToken(o.TokenFile); err != nil {
		return j, err
	}
	if o.Index == 0 {
		j.coordinator = &fabric.Coordinator{Config: j.config, Timing: j.timing, Token: j.token, Version: o.Version, Log: j.log}
	}
	return j, nil
}

// readIndex finds out the pod's index.
func (o *fabricOptions) readIndex() error {
	const variable = "JOB_COMPLETION_INDEX"
	from := "--index"
	if !o.flags.Changed("index") {
		text := o.variable(variable)
		if text == "" {
			return cli.UsageErrorf("--index is missing, and so is %s in the environment, which an Indexed Job sets: give one of them", variable)
		}
		var err error
		if o.Index, err = strconv.Atoi(text); err != nil {
			return cli.UsageErrorf("environment variable %s: %q is not an index: must be a number from 0", variable, text)
		}
		from = variable
	}
	if o.Index < 0 || o.Index >= o.Nodes {
		return cli.UsageErrorf("%s %d: must be 0 to %d, as there are %d pods (--nodes)", from, o.Index, o.Nodes-1, o.Nodes)
	}
	return nil
}

// maxTokenFile is more than a token may have, in bytes.
const maxTokenFile = 4 << 10

func readToken(path string) (fabric.Token, error) {
	if path == "" {
		return fabric.Token{}, cli.UsageErrorf("--token-file is missing: mount a Secret with the token that all pods share, such as one of openssl rand -hex 32")
	}
	f, err := os.Open(path)
	if err != nil {
		return fabric.Token{}, cli.NotReady(fmt.Errorf("--token-file: %w", err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTokenFile))
	if err != nil {
		return fabric.Token{}, cli.NotReady(fmt.Errorf("--token-file: %w", err))
	}
	token, err := fabric.ParseToken(data)
	if err != nil {
		return token, cli.UsageErrorf("--token-file %s: %w", path, err)
	}
	return token, nil
}

// node gives the name of the node, and pod the name of the pod.
func (o *fabricOptions) node() string {
	host, _ := os.Hostname() // a run does not fail without it
	return cmp.Or(o.Node, o.variable(nodeVariable), host)
}

func (o *fabricOptions) pod() string {
	host, _ := os.Hostname()
	return cmp.Or(o.variable("POD_NAME"), o.variable("HOSTNAME"), host)
}

// environ is the pod's environment.
func (o *fabricOptions) environ() ([]string, error) {
	if o.Environ != "" {
		return cli.ReadEnviron(o.Environ)
	}
	return o.Env, nil
}

// variable gives the value of a variable. The last one counts if there are several;
// empty: there is none.
func (o *fabricOptions) variable(name string) (value string) {
	environ, _ := o.environ() // podnet reads it too, and says why it cannot
	for _, v := range environ {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			value = rest
		}
	}
	return value
}

// dial connects to the coordinator. It looks the name up each time, since another pod may
// have taken the coordinator's place.
func (o *fabricOptions) dial(ctx context.Context) (net.Conn, error) {
	address := o.Coordinator
	if o.Index == 0 { // it is this process
		_, port, _ := net.SplitHostPort(o.Coordinator) // checked before
		address = net.JoinHostPort("localhost", port)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// ended turns the end of an agent into the error of the command.
func ended(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // no Job may count this pod as done
		return fmt.Errorf("%w before the run had ended", context.Cause(ctx))
	case errors.Is(err, fabric.ErrNoCoordinator):
		return cli.NotReady(fmt.Errorf("%w: see that the pod with the index 0 runs, and that the Service of --coordinator selects it", err))
	}
	return err
}
