package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/outfile"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/render"
)

type renderOptions struct {
	Deps
	PodOptions
	EALOptions
	App      string
	Template string
	Out      string
	Version  eal.Version
}

const renderHelp = `render writes a program's configuration for the pod's interfaces: --app names
a program that podnet knows, --template names your own file. Templates are Go's
text/template over the document that inspect -o json prints, such as

  cores: {{cpus | yaml}}
  port: {{(interface "left").pci.address | yaml}}

Text that is not a plain word has to pass through one of the functions yaml, json,
shell or vpp, which quote it. If a value is missing or ambiguous, render names it and
ends with exit code 3; --wait waits for missing values.

--out takes a file, or a directory for vpp, grout and bess, which have two files:

  vpp       startup.conf, interfaces.vpp     grout  grout.sh, interfaces.grcli
  trex      trex_cfg.yaml                    bess   bessd.sh, ports.bess
  rdma-env  variables of NCCL and UCX for a shell

render replaces a file as a whole or leaves it as it is. Without --out it prints a
single file.`

func newRenderCmd(d Deps) *cobra.Command {
	opts := renderOptions{Deps: d}
	cmd := &cobra.Command{
		Use:   "render --app NAME|--template FILE",
		Short: "Write a program's configuration for the pod's interfaces",
		Long:  renderHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return renderRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.App, "app", "", "program: vpp, trex, grout, bess, or rdma-env")
	cmd.Flags().StringVar(&opts.Template, "template", "", "file with a template; - is standard input")
	cmd.Flags().StringVar(&opts.Out, "out", "", "file, or directory for a program with several files (default: standard output)")
	cmd.MarkFlagsOneRequired("app", "template")
	cmd.MarkFlagsMutuallyExclusive("app", "template")
	cmd.Flags().TextVar(&opts.Version, "dpdk-version", d.LinkedVersion(), "DPDK release of the program, such as 24.11")
	opts.AddEALFlags(cmd, "podnet")
	opts.addRootFlags(cmd)
	return cmd
}

func renderRun(ctx context.Context, o renderOptions) error {
	options, err := o.configOptions()
	if err != nil {
		return err
	}
	job, err := o.job()
	if err != nil {
		return err
	}
	write, err := o.output(job.names)
	if err != nil {
		return err
	}
	if options.Dir, err = o.dir(job.names); err != nil {
		return err
	}
	var leftOut []error
	options.LeftOut = func(reasons []error) { leftOut = reasons }
	// Missing values may still come while the pod is not complete.
	pod, err := o.discoverUntil(ctx, o.Deps, func(pod *podnet.Pod) error {
		if err := podnet.ReadyFor(o.ofPod()...)(pod); err != nil {
			return err
		}
		_, err := job.files(pod, options)
		return err
	})
	if err != nil {
		return renderError(err)
	}
	files, err := job.files(pod, options)
	if err != nil {
		return renderError(withWaysOut(err, pod))
	}
	o.tellLeftOut(leftOut)
	return write(files)
}

// renderError gives an error its exit code.
func renderError(err error) error {
	var failed *podnet.Error
	var about *podnet.InterfaceError
	switch {
	case errors.Is(err, podnet.CodeBadOption), errors.Is(err, eal.ErrOption), errors.Is(err, render.ErrTemplate):
		return UsageError(err)
	case errors.Is(err, podnet.CodeInexpressible):
		return err
	case errors.As(err, &failed), errors.As(err, &about):
		return NotReady(err)
	}
	return err
}

func (o *renderOptions) configOptions() (render.ConfigOptions, error) {
	root := o.Root
	if o.PodOptions.PID != 0 {
		root = filepath.Join(root, "proc", strconv.Itoa(o.PodOptions.PID), "root")
	}
	eo, err := o.request(podnet.EALOptions{Version: o.Version})
	return render.ConfigOptions{
		EAL:  eo,
		GIDs: func(device string) ([]podnet.GID, error) { return podnet.GIDs(root, device) },
	}, err
}

// job is the files to render.
type job struct {
	names []string // of the files
	files func(*podnet.Pod, render.ConfigOptions) ([]render.File, error)
}

func (o *renderOptions) job() (job, error) {
	if o.Template == "" {
		app := render.Profile(o.App)
		names, err := render.FileNames(app)
		return job{names, func(pod *podnet.Pod, c render.ConfigOptions) ([]render.File, error) {
			return render.Files(pod, app, c)
		}}, UsageError(err)
	}
	text, err := o.readTemplate()
	name := filepath.Base(o.Template)
	return job{[]string{name}, func(pod *podnet.Pod, c render.ConfigOptions) ([]render.File, error) {
		rendered, err := render.Template(pod, name, text, c)
		return []render.File{{Name: name, Text: rendered}}, err
	}}, err
}

// maxTemplate bounds the size of a template, in bytes.
const maxTemplate = 1 << 20

func (o *renderOptions) readTemplate() (string, error) {
	from := o.In
	if o.Template != "-" {
		file, err := os.Open(o.Template)
		if err != nil {
			return "", err
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, maxTemplate+1))
	if err == nil && len(text) > maxTemplate {
		err = fmt.Errorf("%s: the template has more than %d bytes: shorten it", o.Template, maxTemplate)
	}
	return string(text), err
}

// output makes sure that the files can be written, before render waits for the pod.
func (o *renderOptions) output(names []string) (func([]render.File) error, error) {
	if o.Out == "" && len(names) > 1 {
		return nil, UsageErrorf("--app %s has %d files: name a directory for them with --out", o.App, len(names))
	}
	if o.Out == "" {
		return func(files []render.File) error {
			_, err := o.Streams.Out.Write(files[0].Text)
			return err
		}, nil
	}
	paths, err := o.paths(names)
	if err != nil {
		return nil, err
	}
	var outs []*outfile.File
	for _, path := range paths {
		out, err := outfile.New(path)
		if err != nil {
			return nil, fmt.Errorf("--out: %w", err)
		}
		outs = append(outs, out)
	}
	return func(files []render.File) error {
		for i, f := range files {
			if err := outs[i].Write(f.Text); err != nil {
				return fmt.Errorf("--out: %w", err)
			}
		}
		return nil
	}, nil
}

// paths gives the paths of the files for --out.
func (o *renderOptions) paths(names []string) ([]string, error) {
	info, err := os.Stat(o.Out)
	isDir := err == nil && info.IsDir()
	if len(names) == 1 && !isDir {
		return []string{o.Out}, nil
	}
	if o.Template != "" {
		return nil, UsageErrorf("--out %s is a directory: name a file in it", o.Out)
	}
	if err == nil && !isDir {
		return nil, UsageErrorf("--out %s is a file, and --app %s has %d files: name a directory for them", o.Out, o.App, len(names))
	}
	if !isDir {
		if err := os.Mkdir(o.Out, 0o755); err != nil {
			return nil, fmt.Errorf("--out: %w", err)
		}
	}
	var paths []string
	for _, name := range names {
		paths = append(paths, filepath.Join(o.Out, name))
	}
	return paths, nil
}

// dir gives the directory that the files will be in.
func (o *renderOptions) dir(names []string) (string, error) {
	if o.Out == "" {
		return "", nil // a single file does not name another
	}
	paths, err := o.paths(names)
	if err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Dir(paths[0]))
}
