package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/kube"
)

// The keys of a ConfigMap with a checkup's input, as Kiagnose has them
// (https://github.com/kiagnose/kiagnose, docs/checkup_api.md).
const (
	paramPrefix = "spec.param."
	timeoutKey  = "spec.timeout"
)

// maxParam is how many bytes a value may have.
const maxParam = 4096

// measuring are the flags of every method that describe the measurement. A ConfigMap can
// set these and the method's own. It cannot set a flag that names a file, a device or an
// address to listen on: whoever can write the ConfigMap need not be the Job's author.
var measuring = []string{
	"tx", "rx", "bidirectional", "frame-size", "flows", "vary", "src-ip", "dst-ip", "dst-mac", "gateway-mac", "vlan", "rx-vlan",
	"line-rate", "queues", "warmup", "repeat", "calibrate", "min-mpps", "max-loss", "max-p99", "wait", "peer-timeout",
}

// errTimeout is the cause when spec.timeout ends a run.
var errTimeout = errors.New(timeoutKey + " has passed")

// readParams sets the flags that the ConfigMap of --params-configmap has; they replace
// the command line's. own are the method's own flags. The context that it returns ends
// after the ConfigMap's timeout.
func (o *benchOptions) readParams(ctx context.Context, flags *pflag.FlagSet, own []string) (context.Context, context.CancelFunc, error) {
	nothing := func() {}
	if o.ParamsConfigMap == "" {
		return ctx, nothing, nil
	}
	if err := checkName("params-configmap", o.ParamsConfigMap); err != nil {
		return ctx, nothing, err
	}
	data, err := o.params(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx, nothing, context.Cause(ctx) // a signal stopped the command
		}
		return ctx, nothing, cli.NotReady(fmt.Errorf("--params-configmap: %w", err))
	}
	settable := slices.Concat(measuring, own)
	for _, key := range slices.Sorted(maps.Keys(data)) {
		name, isParam := strings.CutPrefix(key, paramPrefix)
		if !isParam {
			if meant := misspelled(key); meant != "" {
				return ctx, nothing, cli.UsageErrorf("ConfigMap %s: %.100s: no such key. Write %s", o.ParamsConfigMap, key, meant)
			}
			continue // the user's other keys, and results
		}
		if !slices.Contains(settable, name) {
			slices.Sort(settable)
			settable = slices.DeleteFunc(settable, func(name string) bool { // a threshold that the method refuses
				f := flags.Lookup(name)
				return f != nil && f.Hidden
			})
			return ctx, nothing, cli.UsageErrorf("ConfigMap %s: %.100s: this method takes no such parameter: it takes %s",
				o.ParamsConfigMap, key, strings.Join(settable, ", "))
		}
		value := oneLine(data[key])
		// From several lines pflag would read the first one as a list, and silently drop the others.
		if strings.ContainsAny(value, "\r\n") {
			return ctx, nothing, cli.UsageErrorf("ConfigMap %s: %s: %.100q: has several lines. Write one, a list with commas", o.ParamsConfigMap, key, value)
		}
		if len(value) > maxParam { // errors repeat it
			return ctx, nothing, cli.UsageErrorf("ConfigMap %s: %s: has %d bytes. Write at most %d", o.ParamsConfigMap, key, len(value), maxParam)
		}
		if err := setFlag(flags.Lookup(name), value); err != nil {
			return ctx, nothing, cli.UsageErrorf("ConfigMap %s: %s: %.100q: %w", o.ParamsConfigMap, key, value, err)
		}
	}
	text, given := data[timeoutKey]
	if !given {
		return ctx, nothing, nil
	}
	timeout, err := time.ParseDuration(oneLine(text))
	if err != nil || timeout <= 0 {
		return ctx, nothing, cli.UsageErrorf("ConfigMap %s: %s: %.100q: want a time above 0, such as 10m", o.ParamsConfigMap, timeoutKey, text)
	}
	bounded, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	return bounded, cancel, nil
}

// oneLine is a value without the end of line that YAML's | and --from-file leave.
func oneLine(value string) string { return strings.TrimRight(value, "\r\n") }

// misspelled gives the key that was meant by one that is almost right. If podnet ignored
// it, the run would measure something else and nobody would notice. Kiagnose's other keys
// below spec are not misspelled: podnet ignores them.
func misspelled(key string) string {
	lower := strings.ToLower(key)
	switch {
	case lower == timeoutKey && key != timeoutKey:
		return timeoutKey
	case strings.HasPrefix(lower, strings.TrimSuffix(paramPrefix, ".")):
		return paramPrefix + "FLAG"
	}
	return ""
}

// params reads the ConfigMap.
func (o *benchOptions) params(ctx context.Context) (map[string]string, error) {
	client, err := o.newClient()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	return client.ConfigMapData(ctx, o.ParamsConfigMap)
}

// setFlag sets a flag as if it had not been given before: a list would grow.
func setFlag(f *pflag.Flag, value string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		if err := list.Replace(nil); err != nil {
			return err
		}
	}
	if err := f.Value.Set(value); err != nil {
		return err
	}
	f.Changed = true
	return nil
}

// refuse writes to the ConfigMap of the results, too, that the parameters are wrong, and
// returns the error that the command ends with.
func (o *benchOptions) refuse(ctx context.Context, m *method, err error) error {
	if o.ParamsConfigMap == "" {
		return err
	}
	s := &session{benchOptions: o, method: m}
	s.begin()
	return errors.Join(err, s.announce(ctx), s.publish(ctx, err))
}

// nodeVariable has the name of the pod's node (fieldRef: spec.nodeName).
const nodeVariable = "NODE_NAME"

// findNodes notes the nodes of both ends. A node that cannot be read changes no figure, so
// it is only a warning.
func (s *session) findNodes(ctx context.Context) {
	environ, err := s.environ()
	if err != nil {
		return // podnet has read it already, and said so
	}
	for _, v := range environ {
		if name, ok := strings.CutPrefix(v, nodeVariable+"="); ok && kube.CheckName(name) == nil {
			s.result.Environment.Node = name
		}
	}
	if s.PeerPod == "" {
		return
	}
	client := s.kube
	if client == nil {
		client, err = s.newClient()
	}
	var node string
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, eventTimeout)
		defer cancel()
		node, err = client.NodeOf(ctx, s.PeerPod)
	}
	if err != nil {
		s.warn("--peer-pod: %v", err)
		return
	}
	s.result.Environment.PeerNode = node
}
