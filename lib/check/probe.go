package check

import (
	"context"
	"time"

	"github.com/podnet/podnet/internal/kernel"
)

// probeSocket is kernel.AskSocket, with a limit.
func probeSocket(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return kernel.AskSocket(ctx, name)
}
