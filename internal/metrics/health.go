package metrics

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// patience is how long a polling lcore may stand still.
	patience = time.Second
	// interval is the time between two looks at the heartbeats. So it can take that
	// much longer than patience to notice an lcore that stands still.
	interval = 250 * time.Millisecond
)

// health knows when each polling lcore was last seen to have moved.
type health struct {
	src Source

	mu    sync.Mutex
	beats map[int]beat // by lcore
}

// beat is an lcore's heartbeat when it was first seen.
type beat struct {
	turns uint64
	seen  time.Time
}

func newHealth(src Source) *health { return &health{src: src} }

// watch looks at the heartbeats until ctx ends. Without it a request could tell
// only what happened since the one before.
func (h *health) watch(ctx context.Context) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		h.complaints()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// complaints looks at the heartbeats and names the lcores that stand still, one per
// element. A new lcore counts as moving; lcores whose job has ended are forgotten.
func (h *health) complaints() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	beats := make(map[int]beat)
	var out []string
	turns := h.src.Snapshot().Turns
	now := time.Now()
	for _, lcore := range slices.Sorted(maps.Keys(turns)) {
		was, ok := h.beats[lcore]
		if !ok || was.turns != turns[lcore] {
			was = beat{turns[lcore], now}
		}
		beats[lcore] = was
		if still := now.Sub(was.seen); still > patience {
			out = append(out, fmt.Sprintf("lcore %d has stood still for %s", lcore, still.Round(time.Millisecond)))
		}
	}
	h.beats = beats
	return out
}
