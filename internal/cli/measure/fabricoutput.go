package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/kube"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

// fabricOutputs are where the coordinator's result goes.
type fabricOutputs struct {
	file        *result.Output // nil: none
	termination *result.Output // nil: none
}

// openOutputs makes sure, before the run, that its result can be written.
func (j *fabricJob) openOutputs() (*fabricOutputs, error) {
	var out fabricOutputs
	if j.Index != 0 {
		return &out, nil
	}
	var err error
	if j.ResultFile != "" {
		if out.file, err = result.NewOutput(j.ResultFile); err != nil {
			return nil, fmt.Errorf("--result-file: %w", err)
		}
	}
	if j.TerminationLog != "" {
		if out.termination, err = result.NewOutput(j.TerminationLog); err != nil {
			return nil, fmt.Errorf("--termination-log: %w", err)
		}
	}
	if j.ResultConfigMap != "" || j.StateConfigMap != "" {
		if j.kube, err = j.newClient(); err != nil {
			return nil, cli.NotReady(fmt.Errorf("--result-configmap, --state-configmap: %w", err))
		}
	}
	return &out, nil
}

// newClient finds the API of the pod's cluster.
func (j *fabricJob) newClient() (*kube.Client, error) {
	environ, err := j.environ()
	if err != nil {
		return nil, err
	}
	return kube.New(kube.Options{Root: j.Root, Environ: environ})
}

// write writes the result in every form that the flags ask for, and returns the error
// that the command ends with. failure is the run's error; nil: it succeeded.
func (out *fabricOutputs) write(ctx context.Context, j *fabricJob, doc result.Fabric, failure error) error {
	var text bytes.Buffer
	if err := doc.Encode(&text); err != nil {
		return errors.Join(failure, err)
	}
	err := failure
	if out.file != nil {
		if e := out.file.Write(text.Bytes()); e != nil {
			err = errors.Join(err, fmt.Errorf("--result-file: %w", e))
		}
	}
	if out.termination != nil {
		if e := out.termination.Write(report.FabricSummary(doc, report.SummaryBytes)); e != nil {
			err = errors.Join(err, fmt.Errorf("--termination-log: %w", e))
		}
	}
	if j.ResultConfigMap != "" {
		if e := j.publish(ctx, doc, text.Bytes(), failure); e != nil {
			err = errors.Join(err, fmt.Errorf("--result-configmap: %w", e))
		}
	}
	err = errors.Join(err, report.WriteFabric(j.Out, j.Output, doc))
	switch e := doc.Err(); {
	case err != nil:
		return err
	case ctx.Err() != nil: // no Job may count this as an answer: the next coordinator goes on
		return fmt.Errorf("%w after %d of %d rounds", context.Cause(ctx), doc.Rounds.Done, doc.Rounds.Planned)
	case errors.Is(e, result.ErrBelow):
		return cli.BelowThreshold(e)
	default:
		return cli.NotValid(e)
	}
}

// chunkBytes is how many bytes of the document one ConfigMap holds.
const chunkBytes = kube.MaxData - roomForOthers

// publish writes the whole document to several ConfigMaps, and then a summary with their
// names to --result-configmap. If the document cannot be written, the summary says that
// it is left out.
func (j *fabricJob) publish(ctx context.Context, doc result.Fabric, text []byte, failure error) error {
	ctx, cancel := publishing(ctx)
	defer cancel()
	manifest, err := kube.Split(text, j.ResultConfigMap, chunkBytes)
	where := manifest.String()
	for _, chunk := range manifest.Chunks {
		if err == nil {
			err = j.kube.ApplyConfigMap(ctx, chunk.Name, map[string]string{kube.ChunkKey: chunk.Data})
		}
	}
	if err != nil {
		j.log.Warn("the whole result is not in ConfigMaps: give it --result-file", "error", err)
		where = ""
	}
	return j.kube.ApplyConfigMap(ctx, j.ResultConfigMap, report.FabricConfigMap(doc, failure, where, report.FabricConfigMapBytes))
}
