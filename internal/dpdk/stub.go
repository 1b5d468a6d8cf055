//go:build !cgo || nodpdk

package dpdk

import "errors"

// Version is the release of the DPDK libraries that this process runs on, such as
// 22.11.11; empty in a build without DPDK.
func Version() string { return "" }

func newDriver() (Driver, error) {
	return nil, errors.New("this binary was built without DPDK: build it on Linux with cgo, " +
		"DPDK's development files (Debian: libdpdk-dev) and without the tag nodpdk")
}
