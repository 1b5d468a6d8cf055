package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/kube"
	"github.com/podnet/podnet/internal/report"
)

// publishOptions are the flags with which bench reads from and writes to Kubernetes' API.
type publishOptions struct {
	ResultConfigMap string
	ParamsConfigMap string
	PeerPod         string
	Events          bool
}

func (o *publishOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.ResultConfigMap, "result-configmap", "",
		"write the result to this ConfigMap of the pod's namespace when the run begins and when it ends: result.json and the keys status.*; other keys stay")
	f.StringVar(&o.ParamsConfigMap, "params-configmap", "",
		"read flags from the keys spec.param.FLAG of this ConfigMap of the pod's namespace, such as spec.param.frame-size; they replace the command line's. spec.timeout limits the run's time")
	f.StringVar(&o.PeerPod, "peer-pod", "",
		"name of the pod at the other end, in the same namespace: its node is written to the result")
	f.BoolVar(&o.Events, "events", false,
		"record an event on the pod when the run ends: BenchPassed, or BenchFailed with the reason")
}

// checkPublish reads the flags before anything starts.
func (o *publishOptions) checkPublish() error {
	return cmp.Or(checkName("result-configmap", o.ResultConfigMap), checkName("peer-pod", o.PeerPod))
}

// checkName reads a flag that names an object, or nothing.
func checkName(flag, name string) error {
	if name == "" {
		return nil
	}
	if err := kube.CheckName(name); err != nil {
		return cli.UsageErrorf("--%s %w", flag, err)
	}
	return nil
}

// How long the API may take. For a result it is worth waiting until a control plane has
// restarted. Once the pod is being deleted, only the rest of the grace period is left
// (30 s by default).
const (
	announceTimeout = 30 * time.Second
	publishTimeout  = 2 * time.Minute
	stoppedTimeout  = 10 * time.Second
	eventTimeout    = 5 * time.Second
)

// roomForOthers is how many bytes a result leaves for the ConfigMap's other keys. If the
// API refuses that as too large, a result of littleRoom bytes follows.
const (
	roomForOthers = 64 << 10
	littleRoom    = 16 << 10
)

// environ is the pod's environment.
func (o *benchOptions) environ() ([]string, error) {
	if o.Environ != "" {
		return cli.ReadEnviron(o.Environ)
	}
	return o.Env, nil
}

// newClient finds the API of the pod's cluster.
func (o *benchOptions) newClient() (*kube.Client, error) {
	environ, err := o.environ()
	if err != nil {
		return nil, err
	}
	return kube.New(kube.Options{Root: o.Root, Environ: environ})
}

// announce writes to the ConfigMap that the run has begun. If the ConfigMap cannot be
// written, the user learns it now and not after the measurement.
func (s *session) announce(ctx context.Context) error {
	if s.ResultConfigMap == "" {
		return nil
	}
	client, err := s.newClient()
	if err == nil {
		s.kube = client
		waiting, cancel := context.WithTimeout(ctx, announceTimeout)
		defer cancel()
		err = client.ApplyConfigMap(waiting, s.ResultConfigMap, report.ConfigMapAtStart(s.result))
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx) // stopped by a signal; the ConfigMap may have the start all the same
	}
	if err != nil {
		s.unannounced = true
		return cli.NotReady(fmt.Errorf("--result-configmap: %w", err))
	}
	return nil
}

// publish writes the end of the run to Kubernetes' API, also when a signal stopped it.
// failure is the run's error; nil: it succeeded.
func (s *session) publish(ctx context.Context, failure error) (err error) {
	if s.unannounced && s.kube == nil {
		return nil // the failure is that this is no pod, so there is no API to write to
	}
	if s.ResultConfigMap != "" && s.kube != nil && !s.unannounced {
		if err = s.writeConfigMap(ctx, failure); err != nil {
			err = fmt.Errorf("--result-configmap: %w", err)
		}
	}
	if s.Events {
		if err := s.record(ctx, errors.Join(failure, err)); err != nil {
			s.warn("--events: %v", err)
		}
	}
	return err
}

// writeConfigMap writes the result. It leaves the document out if the ConfigMap has no
// room for it beside its other keys.
func (s *session) writeConfigMap(ctx context.Context, failure error) (err error) {
	ctx, cancel := publishing(ctx)
	defer cancel()
	for _, room := range []int{kube.MaxData - roomForOthers, littleRoom} {
		data := report.ConfigMap(s.result, failure, room)
		err = s.kube.ApplyConfigMap(ctx, s.ResultConfigMap, data)
		if refused, ok := errors.AsType[*kube.StatusError](err); ok && refused.TooLarge() {
			continue
		}
		if omitted := data[report.OmittedKey]; err == nil && omitted != "" {
			s.warn("--result-configmap: left out: %s", omitted)
		}
		return err
	}
	return err
}

// publishing bounds the writing of a result, more tightly once ctx has ended.
func publishing(ctx context.Context) (context.Context, context.CancelFunc) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stoppedTimeout, cancel) })
	return bounded, func() { stop(); cancel() }
}

// record makes an event of the run's end.
func (s *session) record(ctx context.Context, failure error) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventTimeout)
	defer cancel()
	client := s.kube
	if client == nil {
		if client, err = s.newClient(); err != nil {
			return err
		}
	}
	e := kube.Event{Type: kube.Normal, Reason: "BenchPassed", At: time.Now()}
	var passed bool
	if e.Message, passed = report.Line(s.result, failure, kube.MaxEventMessage); !passed {
		e.Type, e.Reason = kube.Warning, "BenchFailed"
	}
	e.Pod, e.PodUID = client.Pod()
	return client.CreateEvent(ctx, e)
}

func (s *session) warn(format string, args ...any) {
	fmt.Fprintf(s.Err, "%s: warning: %s\n", s.Name, fmt.Sprintf(format, args...))
}
