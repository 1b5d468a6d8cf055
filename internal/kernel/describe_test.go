package kernel

import (
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	const arm = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n"
	for _, tt := range []struct {
		name, release, cpuinfo string
		kernel, cpu            string
	}{
		{
			"x86", "6.1.0-18-amd64\n", "processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC 9354 32-Core Processor\n\nprocessor\t: 1\nmodel name\t: another\n",
			"6.1.0-18-amd64", "AMD EPYC 9354 32-Core Processor",
		},
		{"arm64", "6.8.0\n", arm + strings.ReplaceAll(arm, "0xd0c", "0xd4f"), "6.8.0", "implementer 0x41, part 0xd0c"},
		{"half of it", "", "CPU part\t: 0xd0c\nmodel\nname :\n", "", ""},
		{"longer than is read", strings.Repeat("9", 2<<20), strings.Repeat("flags : x\n", 1<<18) + "model name : late\n", "", ""},
		{"no files", "", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var files map[string]string
			if tt.name != "no files" {
				files = map[string]string{"proc/sys/kernel/osrelease": tt.release, "proc/cpuinfo": tt.cpuinfo}
			}
			release, cpu := Describe(tree(t, files))
			if release != tt.kernel || cpu != tt.cpu {
				t.Errorf("Describe = %q, %q, want %q, %q", release, cpu, tt.kernel, tt.cpu)
			}
		})
	}
}
