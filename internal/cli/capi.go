package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/lib/appnetutil/hugepages"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// capiSchema names the version of the protocol between the C library (capi/) and
// this command. Members are added within a version; a request with a member that is
// not known is refused, since it asks for something.
const capiSchema = "podnet.capi/v1"

// maxCapiRequest is the size in bytes above which a request is refused. The document
// of a pod is the largest part of one.
const maxCapiRequest = 64 << 20

// capiRequest is a request of the C library, as one JSON object. Which members count
// depends on Op.
type capiRequest struct {
	Schema  string `json:"schema"`
	Op      string `json:"op"` // discover, eal or hugepages
	Root    string `json:"root"`
	Podinfo string `json:"podinfo"`

	// For discover. With waitMs it waits until the pod, or these interfaces, are ready.
	Hints      []string `json:"hints"`
	WaitMs     int64    `json:"waitMs"`
	Interfaces []string `json:"interfaces"`

	// For eal: the pod is the answer of discover.
	Pod json.RawMessage `json:"pod"`
	EAL capiEALRequest  `json:"eal"`
}

// capiEALRequest has the choices of args' flags.
type capiEALRequest struct {
	DPDKVersion  string   `json:"dpdkVersion"`
	Interfaces   []string `json:"interfaces"`
	DevArgs      []string `json:"devargs"`
	VDevs        []string `json:"vdevs"`
	Extra        []string `json:"extra"`
	Queues       int      `json:"queues"`
	MTU          int      `json:"mtu"`
	Memory       string   `json:"memory"`
	FilePrefix   string   `json:"filePrefix"`
	MultiProcess bool     `json:"multiProcess"`
}

// newCapiCmd makes the command that the C library runs. It is for nobody else, so no help
// shows it.
func newCapiCmd(d Deps) *cobra.Command {
	return &cobra.Command{
		Use:    "capi",
		Short:  "Answer one request of the C library",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return capiRun(cmd.Context(), d)
		},
	}
}

// capiRun reads one request and writes one answer. It succeeds if it could write the
// answer, even if that is an error.
func capiRun(ctx context.Context, d Deps) error {
	in := io.LimitReader(d.In, maxCapiRequest)
	dec := json.NewDecoder(in)
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return UsageErrorf("no request of the C library on standard input: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // the library's process has ended, or wants no answer any more
		_, _ = io.Copy(io.Discard, d.In)
		cancel()
	}()
	quiet := d
	quiet.Err = io.Discard
	answer := capiAnswer{Schema: capiSchema, Version: d.Version}
	if err := answer.fill(ctx, quiet, raw); err != nil {
		answer = capiAnswer{Schema: capiSchema, Version: d.Version, Error: newCapiError(err)}
	}
	return answer.write(d.Out)
}

// errCapiVersion is the error for a request of another version of the library.
var errCapiVersion = errors.New("the library is of another version than podnet: install both from one release")

func (a *capiAnswer) fill(ctx context.Context, d Deps, raw json.RawMessage) error {
	var version struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &version); err != nil {
		return UsageError(err)
	}
	if version.Schema != capiSchema {
		return fmt.Errorf("%w (the request is %.40q, and this is %s)", errCapiVersion, version.Schema, capiSchema)
	}
	var r capiRequest
	if err := unmarshalKnown(raw, &r); err != nil {
		return fmt.Errorf("%w (%w)", errCapiVersion, err)
	}
	switch r.Op {
	case "discover":
		return a.discover(ctx, d, r)
	case "eal":
		return a.eal(d, r)
	case "hugepages":
		found, err := hugepages.Read(podnet.Options{Root: r.Root, Podinfo: r.Podinfo, Environ: d.Env})
		a.Hugepages = found
		return err
	}
	return fmt.Errorf("%w (it asks for %.40q)", errCapiVersion, r.Op)
}

func (a *capiAnswer) discover(ctx context.Context, d Deps, r capiRequest) error {
	if r.WaitMs < 0 {
		return UsageErrorf("a time of %d ms to wait: must not be below 0", r.WaitMs)
	}
	opts := PodOptions{Root: r.Root, Podinfo: r.Podinfo, Hints: r.Hints, Wait: time.Duration(r.WaitMs) * time.Millisecond}
	pod, err := opts.Discover(ctx, d, r.Interfaces...)
	if err != nil {
		return err
	}
	a.Pod = withoutHugeNumbers(pod)
	return nil
}

func (a *capiAnswer) eal(d Deps, r capiRequest) error {
	var pod podnet.Pod
	if err := json.Unmarshal(r.Pod, &pod); err != nil {
		return UsageErrorf("the pod: %w", err)
	}
	version := d.LinkedVersion()
	if r.EAL.DPDKVersion != "" {
		var err error
		if version, err = eal.ParseVersion(r.EAL.DPDKVersion); err != nil {
			return UsageErrorf("DPDK release: %w", err)
		}
	}
	memories := []string{"", string(podnet.MemoryAuto), string(podnet.MemoryHugepages), string(podnet.MemoryNone)}
	if !slices.Contains(memories, r.EAL.Memory) {
		return UsageErrorf("memory %.40q: want one of %q", r.EAL.Memory, memories[1:])
	}
	if r.EAL.MTU < 0 || r.EAL.MTU > math.MaxUint16 { // the range of rte_eth_dev_set_mtu
		return UsageErrorf("an MTU of %d: want 0 to %d", r.EAL.MTU, math.MaxUint16)
	}
	if r.EAL.Queues < 0 {
		return UsageErrorf("%d queues: must not be below 0", r.EAL.Queues)
	}
	opts := EALOptions{
		Interfaces: r.EAL.Interfaces, DevArgs: r.EAL.DevArgs, VDevs: r.EAL.VDevs, EALArgs: r.EAL.Extra, Queues: max(r.EAL.Queues, 1),
		Memory: r.EAL.Memory, FilePrefix: r.EAL.FilePrefix, MultiProcess: r.EAL.MultiProcess,
	}
	_, ports, args, err := opts.Args(d, &pod, podnet.EALOptions{Version: version, MTU: r.EAL.MTU})
	if err != nil {
		return err
	}
	a.EAL = newCapiEAL(ports, args)
	if len(opts.Interfaces) == 0 {
		for _, why := range pod.LeftOutOn(version, ports) {
			a.EAL.LeftOut = append(a.EAL.LeftOut, capiProblems(why)...)
		}
	}
	return nil
}

// unmarshalKnown is like json.Unmarshal, but refuses unknown members.
func unmarshalKnown(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}
