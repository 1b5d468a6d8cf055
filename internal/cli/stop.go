package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// stopSignals tell a command to end. They come from the user, from Kubernetes, and from a
// terminal that is closed.
var stopSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// errReaderGone is the cause when a command ends because nobody can read its output any
// more.
var errReaderGone = errors.New("the reader of the output has gone away")

// sameStop is how soon after a signal another one belongs to it: timeout(1) sends
// its signal twice, to the program and to its group.
const sameStop = 200 * time.Millisecond

// heeded gives the signals that end this process. Under nohup it outlives its terminal: a
// soak of hours has to.
func heeded() []os.Signal {
	if signal.Ignored(syscall.SIGHUP) {
		return slices.DeleteFunc(slices.Clone(stopSignals), func(s os.Signal) bool { return s == syscall.SIGHUP })
	}
	return stopSignals
}

// Stopped reports whether err says only that a signal stopped the command.
func Stopped(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

// keepBrokenPipes makes a write fail if its reader has gone away. Otherwise SIGPIPE would
// end the process.
func keepBrokenPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// UntilStopped runs a command until it is done, a signal stops it, or nobody reads its
// output any more. In the latter two cases its context ends, and it has to end within two
// seconds. A second signal ends the process at once.
func (d Deps) UntilStopped(run func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithCancelCause(cmd.Context())
		defer cancel(nil)
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, heeded()...)
		defer signal.Stop(signals)
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			select {
			case sig := <-signals:
				cancel(stopError{sig})
			case <-d.Gone:
				cancel(errReaderGone)
			case <-ended:
				return
			}
			d.hurry()
			begin := time.Now()
			for {
				select {
				case <-signals:
					if time.Since(begin) > sameStop {
						d.cleanups.exit(CodeFailed)
					}
				case <-ended:
					return
				}
			}
		}()
		return run(ctx)
	}
}

// stopError is the cause when a command ends by a signal.
type stopError struct{ sig os.Signal }

func (e stopError) Error() string { return e.sig.String() + " signal received" }

// AtOnce registers a function to call if a second signal ends the process, and returns
// the function that unregisters it.
func (d Deps) AtOnce(cleanup func()) (cancel func()) { return d.cleanups.add(cleanup) }

// cleanups are the functions that a process calls before it ends at once.
type cleanups struct {
	mu   sync.Mutex
	list map[int]func()
	next int
}

func (c *cleanups) add(f func()) (cancel func()) {
	if c == nil {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list == nil {
		c.list = map[int]func(){}
	}
	id := c.next
	c.next++
	c.list[id] = f
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.list, id)
	}
}

// exit ends the process.
func (c *cleanups) exit(code int) {
	if c != nil {
		c.mu.Lock() // until the end
		for _, f := range c.list {
			f()
		}
	}
	os.Exit(code)
}
