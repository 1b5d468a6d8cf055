//go:build !linux

package podnettest

import "errors"

func makeSocket(string) error { return errors.New(`section "sockets" needs Linux`) }
