package machine

import "strings"

// Describe tells the release of the kernel and the model of the CPU, as
// "6.1.0-18-amd64" and "AMD EPYC 9354 32-Core Processor". Arm has no names, but
// numbers: "implementer 0x41, part 0xd0c". What cannot be read is empty.
func Describe(root string) (kernel, cpuModel string) {
	kernel = strings.TrimSpace(read(root, "/proc/sys/kernel/osrelease", maxSmall))
	var implementer, part string
	for line := range strings.Lines(read(root, "/proc/cpuinfo", maxSmall)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "model name":
			return kernel, value
		case "CPU implementer":
			implementer = value
		case "CPU part":
			part = value
		}
		if implementer != "" && part != "" {
			return kernel, "implementer " + implementer + ", part " + part
		}
	}
	return kernel, ""
}
