package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// kubectlName is the program's name as kubectl's plug-in.
const kubectlName = "kubectl-podnet"

// imageVariable is the environment variable that names the ephemeral container's image.
const imageVariable = "PODNET_IMAGE"

const kubectlHelp = `kubectl podnet looks into a running pod from an ephemeral container, which it adds
beside one of the pod's containers. --image or ` + imageVariable + ` names podnet's image. Arguments after -- go to the command:

  kubectl podnet inspect testpmd -- -o json

The ephemeral container runs as root with SYS_PTRACE, to see the container's files.
After its end Kubernetes keeps it in the pod's status until the pod is deleted.`

// debugSecurity lets the ephemeral container read another process's files.
const debugSecurity = `{"securityContext": {"runAsUser": 0, "runAsNonRoot": false, "capabilities": {"add": ["SYS_PTRACE"]}}}`

// Kubectl runs the command line of the plug-in.
func Kubectl(ctx context.Context, args, env []string, streams Streams) int {
	d := Deps{cleanups: &cleanups{}, Streams: streams, Program: kubectlProgram, Env: env}
	return executeRoot(ctx, newKubectlRootCmd(d), args, d)
}

var kubectlProgram = Program{Name: kubectlName, Short: "Look at the network devices of a pod", Long: kubectlHelp}

func newKubectlRootCmd(d Deps) *cobra.Command {
	root := &cobra.Command{
		Use: kubectlName, Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl podnet"},
		Short: d.Short, Long: d.Long, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return UsageErrorf("want inspect or check: see %s --help", cmd.CommandPath())
		},
	}
	root.SetIn(d.In)
	root.SetOut(d.Out)
	root.SetErr(d.Err)
	root.AddCommand(newKubectlCmd(d, "inspect", "Print which network devices a pod was given"),
		newKubectlCmd(d, "check", "Check whether DPDK would start in a pod"))
	wrapHelp(root)
	return root
}

// podName matches the pods' names that Kubernetes allows.
var podName = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`)

type kubectlOptions struct {
	Deps
	Command   string
	Pod       string
	Args      []string
	Container string
	Namespace string
	Image     string
	Timeout   time.Duration
}

func newKubectlCmd(d Deps, name, short string) *cobra.Command {
	opts := kubectlOptions{Deps: d, Command: name}
	cmd := &cobra.Command{
		Use:   name + " POD [-c CONTAINER] [-- ARGS...]",
		Short: short,
		Long:  kubectlHelp,
		Args: func(cmd *cobra.Command, args []string) error {
			pods := len(args)
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				pods = dash
			}
			if pods != 1 {
				return UsageErrorf("want one pod, not %d", pods)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Pod, opts.Args = args[0], args[1:]
			return kubectlRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Container, "container", "c", "", "container to look at (default: the only one)")
	cmd.Flags().StringVarP(&opts.Namespace, "namespace", "n", "", "namespace of the pod (default: from kubectl's context)")
	cmd.Flags().StringVar(&opts.Image, "image", "", "podnet's image (default: "+imageVariable+")")
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", time.Minute, "how long the ephemeral container may take")
	return cmd
}

// terminated is how an ephemeral container ended.
type terminated struct {
	ExitCode int    `json:"exitCode"`
	Reason   string `json:"reason"`
}

func kubectlRun(ctx context.Context, o kubectlOptions) error {
	if o.Image == "" {
		o.Image = o.variable(imageVariable)
	}
	if o.Image == "" {
		return UsageErrorf("no image: give podnet's with --image or %s", imageVariable)
	}
	if !podName.MatchString(o.Pod) {
		return UsageErrorf("%.100q is not a pod's name: give the name alone, as kubectl get pods shows it", o.Pod)
	}
	if err := o.chooseContainer(ctx); err != nil {
		return err
	}
	name := fmt.Sprintf("podnet-%06x", rand.Uint32N(1<<24))
	if err := o.start(ctx, name); err != nil {
		return err
	}
	defer fmt.Fprintf(o.Err, "%s: the ephemeral container %s stays in pod %s until the pod is deleted\n", o.Name, name, o.Pod)
	end, err := o.await(ctx, name)
	if err != nil {
		return err
	}
	out, err := o.kubectl(ctx, "logs", o.Pod, "--container", name)
	if err != nil {
		return err
	}
	if _, err := o.Out.Write(out); err != nil {
		return err
	}
	if end.ExitCode != 0 {
		return withCode(end.ExitCode, fmt.Errorf("%s ended with exit code %d (%s)", o.Command, end.ExitCode, end.Reason))
	}
	return nil
}

// variable gives a variable of the environment.
func (o *kubectlOptions) variable(name string) string {
	for _, entry := range o.Env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// kubectl runs kubectl to its end and gives what it prints.
func (o *kubectlOptions) kubectl(ctx context.Context, args ...string) ([]byte, error) {
	verb := args[0]
	if o.Namespace != "" {
		args = append([]string{"--namespace=" + o.Namespace}, args...)
	}
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Env = o.Env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("kubectl %s: %w: %s", verb, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// chooseContainer takes the pod's only container where none is named.
func (o *kubectlOptions) chooseContainer(ctx context.Context) error {
	if o.Container != "" {
		return nil
	}
	out, err := o.kubectl(ctx, "get", "pod", o.Pod, "--output=jsonpath={.spec.containers[*].name}")
	if err != nil {
		return err
	}
	names := strings.Fields(string(out))
	if len(names) != 1 {
		return UsageErrorf("pod %s has the containers %s: name one with -c", o.Pod, strings.Join(names, ", "))
	}
	o.Container = names[0]
	return nil
}

// start adds the ephemeral container. It shares the process namespace of its target, whose
// first process has the number 1.
func (o *kubectlOptions) start(ctx context.Context, name string) error {
	custom, err := os.CreateTemp("", "kubectl-podnet-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(custom.Name())
	_, err = custom.WriteString(debugSecurity)
	if err := errors.Join(err, custom.Close()); err != nil {
		return err
	}
	args := []string{
		"debug", o.Pod, "--image=" + o.Image, "--target=" + o.Container, "--container=" + name,
		"--profile=general", "--custom=" + custom.Name(), "--quiet", "--arguments-only", "--", o.Command, "--pid", strconv.Itoa(1),
	}
	_, err = o.kubectl(ctx, append(args, o.Args...)...)
	return err
}

// await waits until the ephemeral container has ended.
func (o *kubectlOptions) await(ctx context.Context, name string) (terminated, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	path := fmt.Sprintf(`--output=jsonpath={.status.ephemeralContainerStatuses[?(@.name==%q)].state}`, name)
	var last []byte
	for {
		out, err := o.kubectl(ctx, "get", "pod", o.Pod, path)
		if err == nil {
			var state struct {
				Terminated *terminated `json:"terminated"`
			}
			last = bytes.TrimSpace(out)
			if len(last) > 0 && json.Unmarshal(last, &state) == nil && state.Terminated != nil {
				return *state.Terminated, nil
			}
		} else if ctx.Err() == nil {
			return terminated{}, err
		}
		select {
		case <-ctx.Done():
			return terminated{}, NotReady(fmt.Errorf("the ephemeral container has not ended after %s: its state is %.500q", o.Timeout, last))
		case <-time.After(300 * time.Millisecond):
		}
	}
}
