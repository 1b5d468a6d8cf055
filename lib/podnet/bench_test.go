package podnet_test

import (
	"testing"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// BenchmarkDiscover resolves a pod with two VFs, with all sources, below a root
// that is a directory; the real root costs less, as the kernel resolves links.
func BenchmarkDiscover(b *testing.B) {
	opts := podnettest.Load(b, "testdata/sriov_vfio.txtar").Options()
	for b.Loop() {
		if _, err := podnet.Discover(b.Context(), opts); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResolve is the resolver alone.
func BenchmarkResolve(b *testing.B) {
	facts, err := podnet.Gather(b.Context(), podnettest.Load(b, "testdata/sriov_vfio.txtar").Options())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		podnet.Resolve(facts)
	}
}
