package fact

import "testing"

func TestIsAuxiliary(t *testing.T) {
	for name, want := range map[string]bool{
		"mlx5_core.sf.4": true, "a-b.c.0": true,
		"": false, "mlx5_core": false, "mlx5_core.sf": false, "mlx5_core.sf.": false, ".sf.4": false, "a..4": false,
		"mlx5_core.sf.4x": false, "a.b.4.5": false, "a b.c.4": false,
	} {
		if got := IsAuxiliary(name); got != want {
			t.Errorf("IsAuxiliary(%q) = %v", name, got)
		}
	}
}

func TestResourceKey(t *testing.T) {
	if got := ResourceKey("openshift.io/sriov-a_b"); got != "OPENSHIFT_IO_SRIOV-A_B" {
		t.Errorf("ResourceKey = %q", got)
	}
}

func TestParseAddr(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1": "10.0.0.1", "10.0.0.1/24": "10.0.0.1", "fd00::1/64": "fd00::1", "::ffff:10.0.0.1": "10.0.0.1",
		"": "", "x": "", "10.0.0.1/33": "", "fe80::1%eth0": "",
	} {
		addr, ok := ParseAddr(text)
		if ok != (want != "") || ok && addr.String() != want {
			t.Errorf("ParseAddr(%q) = %v, %v, want %q", text, addr, ok, want)
		}
	}
}
