package dpdk

import (
	"testing"
	"time"
)

func TestCapacity(t *testing.T) {
	for _, tt := range []struct {
		i    Impairment
		want int
	}{
		{Impairment{Depth: 256}, 2048},
		{Impairment{Depth: 1024}, 2048},
		{Impairment{Depth: 1025}, 4096},
		{Impairment{Depth: 256, Delay: 10 * time.Millisecond}, 32768},
		{Impairment{Depth: 256, Delay: time.Minute}, 65536},
		{Impairment{Depth: 256, Delay: time.Second, Rate: 1000}, 4096},
	} {
		if got := tt.i.capacity(); got != tt.want {
			t.Errorf("%+v: %d, want %d", tt.i, got, tt.want)
		}
	}
}
