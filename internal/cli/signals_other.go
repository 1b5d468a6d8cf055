//go:build !unix

package cli

import "os"

// forwarded are the signals that a program gets which does not replace this process.
var forwarded = []os.Signal{os.Interrupt}
