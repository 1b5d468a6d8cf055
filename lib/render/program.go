package render

import "fmt"

// Program is the name of an application's program. Any other name stands for itself.
func Program(app App) string {
	switch app {
	case Testpmd, L2fwd, L3fwd:
		return "dpdk-" + string(app)
	}
	return string(app)
}

// HowToGet says where an application's program comes from.
func HowToGet(app App) string {
	switch app {
	case Testpmd:
		return "install the package dpdk (of Debian, Ubuntu, Fedora or RHEL)"
	case L2fwd, L3fwd:
		return fmt.Sprintf("no distribution packages it: build examples/%s of DPDK's source with -Dexamples=%s", app, app)
	case Pktgen:
		return "no distribution packages it: build Pktgen-DPDK"
	}
	return "give a program in PATH, or a path"
}
