//go:build linux

package testpeer

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// PortStats are the counters of an ethdev, as /ethdev/stats names them. Bytes
// are without the FCS.
type PortStats struct {
	RxPackets uint64 `json:"ipackets"`
	TxPackets uint64 `json:"opackets"`
	RxBytes   uint64 `json:"ibytes"`
	TxBytes   uint64 `json:"obytes"`
	RxMissed  uint64 `json:"imissed"`
	RxErrors  uint64 `json:"ierrors"`
	TxErrors  uint64 `json:"oerrors"`
	RxNoMbuf  uint64 `json:"rx_nombuf"`
}

// Telemetry is a connection to the telemetry socket of a DPDK process. DPDK
// before 26.07 mixes the requests of clients that ask at the same time, so keep
// one connection for each process.
type Telemetry struct {
	Version string // of the process's DPDK, such as "DPDK 22.11.11"

	conn net.Conn
	buf  []byte
}

// telemetryTimeout bounds one request; EAL's control threads may share their
// CPU with a polling loop.
const telemetryTimeout = 30 * time.Second

// RuntimeDir is where DPDK keeps the runtime files of a process of this user,
// started with this file prefix, unless RUNTIME_DIRECTORY says otherwise.
func RuntimeDir(prefix string) string {
	base := os.Getenv("XDG_RUNTIME_DIR")
	switch {
	case os.Geteuid() == 0:
		base = "/var/run"
	case base == "":
		base = "/tmp"
	}
	return filepath.Join(base, "dpdk", prefix)
}

// DialTelemetry connects to the telemetry socket in a runtime directory.
func DialTelemetry(runtimeDir string) (*Telemetry, error) {
	conn, err := net.Dial("unixpacket", filepath.Join(runtimeDir, "dpdk_telemetry.v2"))
	if err != nil {
		return nil, err
	}
	t := &Telemetry{conn: conn, buf: make([]byte, 64<<10)}
	var greeting struct {
		Version string `json:"version"`
	}
	if err := t.receive(&greeting); err != nil {
		conn.Close()
		return nil, fmt.Errorf("telemetry: the greeting: %w", err)
	}
	t.Version = greeting.Version
	return t, nil
}

// Close closes the connection.
func (t *Telemetry) Close() error { return t.conn.Close() }

// Query sends a command, such as "/ethdev/stats,0", and decodes the value of
// its answer.
func (t *Telemetry) Query(command string, value any) error {
	if err := t.conn.SetDeadline(time.Now().Add(telemetryTimeout)); err != nil {
		return err
	}
	if _, err := t.conn.Write([]byte(command)); err != nil {
		return fmt.Errorf("telemetry %s: %w", command, err)
	}
	var answer map[string]json.RawMessage
	if err := t.receive(&answer); err != nil {
		return fmt.Errorf("telemetry %s: %w", command, err)
	}
	name, _, _ := strings.Cut(command, ",")
	raw, ok := answer[name]
	if !ok || string(raw) == "null" {
		return fmt.Errorf("telemetry %s: no value in the answer %s", command, answer)
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return fmt.Errorf("telemetry %s: %w", command, err)
	}
	return nil
}

// receive reads and decodes one message.
func (t *Telemetry) receive(value any) error {
	if err := t.conn.SetReadDeadline(time.Now().Add(telemetryTimeout)); err != nil {
		return err
	}
	n, err := t.conn.Read(t.buf)
	if err != nil {
		return err
	}
	return json.Unmarshal(t.buf[:n], value)
}

// Ports maps the names of the process's ethdevs to their port ids.
func (t *Telemetry) Ports() (map[string]int, error) {
	var ids []int
	if err := t.Query("/ethdev/list", &ids); err != nil {
		return nil, err
	}
	ports := make(map[string]int, len(ids))
	for _, id := range ids {
		var info struct {
			Name string `json:"name"`
		}
		if err := t.Query(fmt.Sprintf("/ethdev/info,%d", id), &info); err != nil {
			return nil, err
		}
		ports[info.Name] = id
	}
	return ports, nil
}

// MAC is the MAC address of a port.
func (t *Telemetry) MAC(port int) (net.HardwareAddr, error) {
	var info struct {
		MAC string `json:"mac_addr"`
	}
	if err := t.Query(fmt.Sprintf("/ethdev/info,%d", port), &info); err != nil {
		return nil, err
	}
	return net.ParseMAC(info.MAC)
}

// Stats are the counters of a port.
func (t *Telemetry) Stats(port int) (PortStats, error) {
	var s PortStats
	err := t.Query(fmt.Sprintf("/ethdev/stats,%d", port), &s)
	return s, err
}

// LinkUp reports whether a port's link is up. A socket's link is up when both ends are
// connected and ready.
func (t *Telemetry) LinkUp(port int) (bool, error) {
	var link struct {
		Status string `json:"status"`
	}
	if err := t.Query(fmt.Sprintf("/ethdev/link_status,%d", port), &link); err != nil {
		return false, err
	}
	return link.Status == "UP", nil
}
