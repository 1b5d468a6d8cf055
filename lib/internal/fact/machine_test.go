package fact

import "testing"

func TestPageSize(t *testing.T) {
	for _, tt := range []struct {
		in    string
		bytes uint64
		want  string
	}{
		{"2MB", 2 << 20, "2Mi"},
		{"2M", 2 << 20, "2Mi"},
		{"2048kB", 2 << 20, "2Mi"},
		{"1GB", 1 << 30, "1Gi"},
		{"1024M", 1 << 30, "1Gi"},
		{"1048576kB", 1 << 30, "1Gi"},
		{"64KB", 64 << 10, "64Ki"},
		{"16G", 16 << 30, "16Gi"},
		{"1536K", 1536 << 10, "1536Ki"},
		{"100", 100, "100"},
	} {
		got, err := ParsePageSize(tt.in)
		if err != nil || uint64(got) != tt.bytes || got.String() != tt.want {
			t.Errorf("ParsePageSize(%q) = %d (%s), %v, want %d (%s)", tt.in, got, got, err, tt.bytes, tt.want)
		}
	}
	for _, in := range []string{"", "B", "MB", "0", "0G", "-2M", "2T", "2Mi", "18446744073709551615G", "1.5G"} {
		if got, err := ParsePageSize(in); err == nil {
			t.Errorf("ParsePageSize(%q) = %d, want an error", in, got)
		}
	}
}

func TestFunctionNetwork(t *testing.T) {
	for class, want := range map[uint32]bool{0: true, 0x020000: true, 0x028000: true, 0x120000: false, 0x0b4000: false} {
		if got := (Function{Class: class}).Network(); got != want {
			t.Errorf("class %06x: Network() = %v, want %v", class, got, want)
		}
	}
}
