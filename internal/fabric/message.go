package fabric

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"unicode"

	"github.com/podnet/podnet/internal/result"
)

// message is what a frame carries: one of these, or nothing, which is a sign of life.
type message struct {
	// From the agent.
	Hello     *hello     `json:"hello,omitempty"`     // the first: who it is
	Ready     *uint64    `json:"ready,omitempty"`     // it reflects the task of this id
	Generated *generated `json:"generated,omitempty"` // it has measured
	Reflected *reflected `json:"reflected,omitempty"` // it does not reflect any more

	// From the coordinator.
	Welcome  *welcome `json:"welcome,omitempty"`  // the answer to Hello
	Refused  *string  `json:"refused,omitempty"`  // the other answer: why, and that there is no use in coming again
	Reflect  *Task    `json:"reflect,omitempty"`  // answered by Ready
	Generate *Task    `json:"generate,omitempty"` // answered by Generated
	Stop     *uint64  `json:"stop,omitempty"`     // reflecting the task of this id; answered by Reflected
	Done     bool     `json:"done,omitempty"`     // the run has ended
}

type hello struct {
	Pod
	// Instance is a random name of the process: another one has taken the pod's place.
	Instance string              `json:"instance"`
	Rails    []result.FabricRail `json:"rails"`
}

type welcome struct {
	Run string `json:"run"`
}

type generated struct {
	ID uint64 `json:"id"`
	Generated
	Failure *failure `json:"failure,omitempty"` // in place of the counts
}

type reflected struct {
	ID uint64 `json:"id"`
	Reflected
	Failure *failure `json:"failure,omitempty"` // in place of the counts
}

// failure is why an agent did not carry out a task.
type failure struct {
	Code result.FabricCode `json:"code"` // refused or failed
	Text string            `json:"text"`
}

func (m message) encode() ([]byte, error) { return json.Marshal(m) }

// errMessage means that a message is not one of the protocol's.
var errMessage = errors.New("not a message of the protocol")

// decode reads a message, and holds what others rely on to its limits: who has the token
// may still be wrong.
func decode(text []byte) (m message, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return message{}, fmt.Errorf("%w: %w", errMessage, err)
	}
	members := 0
	for _, member := range reflect.ValueOf(m).Fields() {
		if !member.IsZero() {
			members++
		}
	}
	if members > 1 {
		return message{}, fmt.Errorf("%w: it has %d members", errMessage, members)
	}
	if m.Hello != nil {
		err = m.Hello.check()
	}
	if m.Generated != nil {
		err = m.Generated.check()
	}
	if m.Reflected != nil {
		err = m.Reflected.check()
	}
	if err != nil {
		return message{}, fmt.Errorf("%w: %w", errMessage, err)
	}
	return m, nil
}

// Limits of an agent's description of itself. Names of pods and nodes have 253 bytes at most.
const (
	maxName  = 253
	maxText  = 300
	maxIPs   = 16
	maxItems = 64
)

func (h *hello) check() error {
	if h.Index < 0 || h.Index >= MaxNodes {
		return fmt.Errorf("index %d", h.Index)
	}
	if len(h.Rails) > MaxRails {
		return fmt.Errorf("%d rails: at most %d may be", len(h.Rails), MaxRails)
	}
	for _, name := range []*string{&h.Node, &h.Pod.Pod, &h.Instance, &h.Version, &h.DPDK, &h.Kernel, &h.CPUModel, &h.CPUs} {
		*name = printable(*name, maxName)
	}
	if h.Instance == "" {
		return errors.New("no instance")
	}
	for i := range h.Rails {
		r := &h.Rails[i]
		for _, name := range []*string{&r.Name, &r.Kind, &r.Port, &r.Driver, &r.Device.Device} {
			*name = printable(*name, maxName)
		}
		if mac, err := net.ParseMAC(r.MAC); err != nil || len(mac) != 6 {
			return fmt.Errorf("rail %d: the MAC address %.40q", i, r.MAC)
		}
		if len(r.IPs) > maxIPs {
			return fmt.Errorf("rail %d: %d IP addresses: at most %d may be", i, len(r.IPs), maxIPs)
		}
		for _, ip := range r.IPs {
			if _, err := netip.ParseAddr(ip); err != nil {
				return fmt.Errorf("rail %d: the IP address %.60q", i, ip)
			}
		}
	}
	return nil
}

func (g *generated) check() error {
	g.Failure = g.Failure.checked()
	g.Reason = printable(g.Reason, maxText)
	if len(g.Limits) > maxItems || g.RTT != nil && len(g.RTT.Percentiles) > maxItems || g.Seconds < 0 {
		return errors.New("figures beyond any measure")
	}
	if g.NDR != nil {
		g.NDR.Name, g.NDR.Status = printable(g.NDR.Name, maxText), printable(g.NDR.Status, maxText)
	}
	checkLimits(g.Limits)
	return nil
}

func (r *reflected) check() error {
	r.Failure = r.Failure.checked()
	if len(r.Limits) > maxItems {
		return errors.New("limits beyond any measure")
	}
	checkLimits(r.Limits)
	return nil
}

func checkLimits(list []result.Limit) {
	for i := range list {
		l := &list[i]
		l.Code, l.Text = result.LimitCode(printable(string(l.Code), maxText)), printable(l.Text, maxText)
	}
}

// checked is a failure with one of the two codes, in text that can be shown.
func (f *failure) checked() *failure {
	if f == nil {
		return nil
	}
	c := failure{result.FabricFailed, printable(f.Text, maxText)}
	if f.Code == result.FabricRefused {
		c.Code = f.Code
	}
	return &c
}

// printable is text from another pod without what a terminal or a page would act on, and
// no longer than so many bytes.
func printable(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
