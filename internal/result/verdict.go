package result

// Verdict says in a few words what became of the run.
func (r Result) Verdict() string { return verdict(r.Complete, r.Valid, r.Failed) }

// Verdict says in a few words what became of the measurement.
func (m Measurement) Verdict() string { return verdict(m.Complete, m.Valid, nil) }

func verdict(complete, valid bool, failed []string) string {
	switch {
	case !complete:
		return "incomplete"
	case !valid:
		return "not valid"
	case len(failed) > 0:
		return "below its thresholds"
	}
	return "valid"
}
