package bench

import (
	"fmt"
	"time"
)

// maxLateness is how much of its schedule a generator may fail to offer in time
// before the trial says more of the generator than of the path.
const maxLateness = 0.001

// harmless is how many packets may come at once without being the reason of a
// loss: half of the smallest ring in use, virtio's of 256.
const harmless = 128

// spoiled says why a trial says more of the generator than of the path; empty: it
// does not.
func spoiled(t Trial, c Counts, lost uint64) string {
	asked := float64(t.Schedule())
	late := float64(c.Late)
	atOnce := c.MaxLate.Seconds() * t.Rate
	missed := c.Machine.RxMissed + c.Machine.RxNoMbuf
	switch {
	case c.Offered == 0:
		return "nothing could be sent"
	case float64(c.Offered) < asked*(1-maxLateness):
		return fmt.Sprintf("the generator offered %d of %.0f packets in time: it was the limit, not the path", c.Offered, asked)
	case late > asked*maxLateness && atOnce > harmless && lost > 0 && late >= float64(lost):
		return fmt.Sprintf("the generator was late with %d packets, by up to %s: that may be why %d were lost",
			c.Late, c.MaxLate.Round(time.Microsecond), lost)
	case lost > 0 && missed >= lost:
		return fmt.Sprintf("the own ports dropped %d packets that were not fetched in time: that may be why %d were lost", missed, lost)
	}
	return ""
}
