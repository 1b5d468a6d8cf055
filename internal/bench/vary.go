package bench

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Field is a field of packets by which flows differ.
type Field string

// The fields.
const (
	SrcIP   Field = "src-ip"
	DstIP   Field = "dst-ip"
	SrcPort Field = "src-port"
	DstPort Field = "dst-port"
)

// Fields are all of them.
func Fields() []Field { return []Field{SrcIP, DstIP, SrcPort, DstPort} }

// ParseFields reads the names of fields.
func ParseFields(names []string) ([]Field, error) {
	var list []Field
	for _, name := range names {
		f := Field(strings.TrimSpace(name))
		if !slices.Contains(Fields(), f) {
			return nil, fmt.Errorf("field %q: must be src-ip, dst-ip, src-port or dst-port", name)
		}
		if slices.Contains(list, f) {
			return nil, fmt.Errorf("field %q is there twice", name)
		}
		list = append(list, f)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no field: must be src-ip, dst-ip, src-port or dst-port")
	}
	return list, nil
}

// MaxFlows is how many flows a packet's stamp has room for.
const MaxFlows = 1 << 20

// maxValues is how many values a field of several takes at most.
const maxValues = 1 << 16

// Values is how many values each field takes. A field's values count up with the flow, from
// the first flow's value. If several fields vary, each takes a different prime number of
// values, so that the number of different flows is the product.
func (f Flow) Values() (map[Field]int, error) {
	fields := f.Vary
	if len(fields) == 0 {
		fields = []Field{SrcPort}
	}
	values, product := map[Field]int{}, 1
	for _, field := range fields {
		n := f.room(field)
		if len(fields) > 1 {
			n = primeBelow(min(n, maxValues), values)
		}
		values[field] = n
		product = min(product*n, MaxFlows)
	}
	if f.Flows > product {
		return nil, fmt.Errorf("%d flows: %s can count up for only %d: begin lower, or let more fields vary",
			f.Flows, strings.Join(fieldNames(fields), ", "), product)
	}
	return values, nil
}

func fieldNames(fields []Field) (names []string) {
	for _, f := range fields {
		names = append(names, string(f))
	}
	return names
}

// room is how many values a field has from its first one on.
func (f Flow) room(field Field) int {
	low := func(ip netip.Addr) uint32 {
		all := ip.As16()
		return binary.BigEndian.Uint32(all[12:])
	}
	switch field {
	case SrcIP:
		return int(min(uint64(1<<32)-uint64(low(f.SrcIP)), MaxFlows))
	case DstIP:
		return int(min(uint64(1<<32)-uint64(low(f.DstIP)), MaxFlows))
	case SrcPort:
		return 1<<16 - int(f.SrcPort)
	}
	return 1<<16 - int(f.DstPort)
}

// primeBelow is the largest prime number up to n that is not taken; 1: there is none.
func primeBelow(n int, taken map[Field]int) int {
	isTaken := func(n int) bool {
		for _, other := range taken {
			if other == n {
				return true
			}
		}
		return false
	}
	for ; n > 1; n-- {
		prime := !isTaken(n)
		for d := 2; prime && d*d <= n; d++ {
			prime = n%d != 0
		}
		if prime {
			return n
		}
	}
	return 1
}

// Hosts are the source and the destination addresses of the flows.
func (f Flow) Hosts() (src, dst Addresses, err error) {
	values, err := f.Values()
	if err != nil {
		return src, dst, err
	}
	count := func(field Field) int { return max(1, min(values[field], f.Flows)) }
	return Addresses{f.SrcIP, count(SrcIP)}, Addresses{f.DstIP, count(DstIP)}, nil
}

// Reversed is the flow of the other direction: addresses and how they vary change
// places, and ports stay.
func (f Flow) Reversed() Flow {
	f.SrcIP, f.DstIP = f.DstIP, f.SrcIP
	f.Vary = slices.Clone(f.Vary)
	for i, field := range f.Vary {
		switch field {
		case SrcIP:
			f.Vary[i] = DstIP
		case DstIP:
			f.Vary[i] = SrcIP
		}
	}
	return f
}
