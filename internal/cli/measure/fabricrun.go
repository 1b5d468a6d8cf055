package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/traffic"
	"github.com/podnet/podnet/lib/podnet"
)

// fabricRun starts DPDK once, and takes part in the run until it has ended.
func fabricRun(ctx context.Context, o fabricOptions) error {
	j, err := o.read()
	if err != nil {
		return err
	}
	out, err := j.openOutputs()
	if err != nil {
		return err
	}
	st := newStatus(o.deps, "fabric")
	var live []prometheus.Collector
	if j.coordinator != nil {
		live = append(live, report.FabricLive(j.coordinator.SoFar))
	}
	stop, err := o.serveMetrics(ctx, o.deps, st, live...)
	if err != nil {
		return err
	}
	defer stop()
	dp, pod, err := o.start(ctx, o.deps)
	if err != nil {
		return err
	}
	st.Links("")
	err = j.takePart(ctx, pod, dp, st, out)
	return errors.Join(err, o.close(ctx, dp))
}

// takePart is an agent, and with the index 0 the coordinator beside it.
func (j *fabricJob) takePart(ctx context.Context, pod *podnet.Pod, dp *dataplane.Dataplane, st *status, out *fabricOutputs) error {
	env := environment(j.deps, pod, dp)
	mesh := traffic.NewMesh(dp, railsOf(env, pod), fabricObserver{st})
	agent := &fabric.Agent{
		Pod: fabric.Pod{
			Index: j.Index, Node: j.node(), Pod: j.pod(), Version: env.Version, DPDK: env.DPDK,
			Kernel: env.Kernel, CPUModel: env.CPUModel, CPUs: env.CPUs,
		},
		Path: mesh, Token: j.token, Timing: j.timing, Dial: j.dial, Log: j.log,
	}
	if err := mesh.Check(j.config.Mode == result.FabricSaturate); err != nil {
		return coded(err)
	}
	if j.coordinator == nil {
		return ended(ctx, agent.Run(ctx))
	}
	return j.coordinate(ctx, agent, pod, out)
}

// coordinate is the coordinator's part, with its own pod's agent beside it.
func (j *fabricJob) coordinate(ctx context.Context, agent *fabric.Agent, pod *podnet.Pod, out *fabricOutputs) error {
	uid := pod.Labels[jobLabel]
	state, err := j.state(uid)
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(j.Coordinator) // checked before
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+port)
	if err != nil {
		return fmt.Errorf("--coordinator: %w", err)
	}
	c := j.coordinator
	c.State, c.Job, c.Progress = state, uid, j.progress
	beside, cancel := context.WithCancel(ctx)
	left := make(chan error, 1)
	go func() { left <- agent.Run(beside) }()
	doc, err := c.Run(ctx, listener)
	cancel()
	if failed := <-left; failed != nil && ctx.Err() == nil && !errors.Is(failed, context.Canceled) {
		j.log.Warn("this pod's own part of the run failed", "error", failed)
	}
	switch {
	case errors.Is(err, fabric.ErrNoRails):
		err = cli.NotReady(err)
	case errors.Is(err, fabric.ErrTooLarge): // no other pod of the Job could do more
		err = cli.UsageError(err)
	}
	if doc.Schema == "" { // nothing was begun
		return err
	}
	doc.Settings.MinFractionOfMedian, doc.Settings.MinMpps = j.settings.MinFractionOfMedian, j.settings.MinMpps
	doc.Settings.MaxLoss, doc.Settings.MaxP99Us = j.settings.MaxLoss, j.settings.MaxP99Us
	return out.write(ctx, j, doc.Judged(), err)
}

// progress says where the run is.
func (j *fabricJob) progress(p fabric.Progress) {
	if p.Round == 0 {
		j.log.Info("waiting for pods", "there", p.Present, "of", p.Nodes)
		return
	}
	valid := 0
	for _, pair := range p.Pairs {
		if pair.Missing == nil && pair.Valid {
			valid++
		}
	}
	j.log.Info("a round has ended", "round", p.Round, "of", p.Rounds, "measurements", len(p.Pairs), "valid", valid, "left", p.Left.Round(time.Second))
}

// jobLabel is the pod's label with the UID of its Job. The coordinator ignores the state
// of a Job with another UID: that Job was deleted.
const jobLabel = "batch.kubernetes.io/controller-uid"

// state gives the place where the Job's run is kept; nil: nowhere.
func (j *fabricJob) state(uid string) (fabric.State, error) {
	switch {
	case j.StateFile != "":
		return fabric.NewFileState(j.StateFile), nil
	case j.StateConfigMap == "":
		return nil, nil
	case uid == "":
		return nil, cli.NotReady(fmt.Errorf("--state-configmap: the pod's label %s is not known: let a Job make the pod, and give it a Downward API volume with its labels", jobLabel))
	}
	return &configMapState{client: j.kube, name: j.StateConfigMap}, nil
}

// railsOf describes the pod's ports to the other pods.
func railsOf(env result.Environment, pod *podnet.Pod) (list []result.FabricRail) {
	for _, dev := range env.Interfaces {
		rail := result.FabricRail{Device: dev}
		for _, i := range pod.Interfaces {
			if i.Name != dev.Name {
				continue
			}
			for _, ip := range i.IPs {
				rail.IPs = append(rail.IPs, ip.String())
			}
		}
		list = append(list, rail)
	}
	return list
}

// fabricObserver tells the metrics server of a pod's tasks.
type fabricObserver struct{ *status }

// Counted implements traffic.PathObserver.
func (fabricObserver) Counted(time.Time, bench.Counts) {}
