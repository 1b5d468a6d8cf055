package result

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNotValid means that a run says nothing about the path.
	ErrNotValid = errors.New("not valid")
	// ErrBelow means that a run is valid, and missed a threshold that was asked for.
	ErrBelow = errors.New("below its thresholds")
)

// Judged returns the result with the verdict of its measurements so far, of as many as
// planned: whether the run is complete and valid, why it is not, and which thresholds it
// missed. A run with too few packets to decide a threshold is not valid either.
func (r Result) Judged(planned int) Result {
	r.Complete, r.Valid, r.Reason = len(r.Measurements) == planned, len(r.Measurements) > 0, ""
	for _, m := range r.Measurements {
		r.Complete = r.Complete && m.Complete
		if r.Valid && !m.Valid {
			r.Valid, r.Reason = false, m.Reason
		}
	}
	if !r.Complete && r.Reason == "" {
		r.Valid, r.Reason = false, fmt.Sprintf("%d of %d measurements were made", len(r.Measurements), planned)
	}
	failed, undecided := r.gated()
	switch {
	case len(failed) > 0:
		failed = append(failed, undecided...)
	case r.Valid && len(undecided) > 0:
		r.Valid, r.Reason = false, strings.Join(undecided, "; ")
	}
	r.Failed, r.Repetitions = failed, r.Repeats()
	return r
}

// Err is nil for a run that is valid and met its thresholds. Otherwise it is
// ErrNotValid with the reason, or ErrBelow with a line per threshold.
func (r Result) Err() error {
	switch {
	case !r.Valid:
		return fmt.Errorf("%w: %s", ErrNotValid, r.Reason)
	case len(r.Failed) > 0:
		return belowError(strings.Join(r.Failed, "\n"))
	}
	return nil
}

// belowError is ErrBelow in the words of the thresholds alone.
type belowError string

func (e belowError) Error() string { return string(e) }

func (belowError) Is(target error) bool { return target == ErrBelow }

// Verdict says in a few words what became of the run.
func (r Result) Verdict() string {
	if r.Complete && r.Valid && len(r.Failed) > 0 {
		return ErrBelow.Error()
	}
	return verdict(r.Complete, r.Valid)
}

// Verdict says in a few words what became of the measurement.
func (m Measurement) Verdict() string { return verdict(m.Complete, m.Valid) }

func verdict(complete, valid bool) string {
	switch {
	case !complete:
		return "incomplete"
	case !valid:
		return ErrNotValid.Error()
	}
	return "valid"
}
