// Package pciaddr has the address of a PCI function as a small value that compares and
// parses. It does not look whether there is such a function. Start at Parse.
package pciaddr

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrSyntax is wrapped by every error of this package.
var ErrSyntax = errors.New("not a PCI address of the form [dddd:]bb:dd.f")

// syntaxError is text that does not parse as an address. It makes its message only when
// asked, because many callers only want to know whether a text is an address.
type syntaxError string

func (e syntaxError) Error() string { return fmt.Sprintf("%q: %v", string(e), ErrSyntax) }

func (syntaxError) Unwrap() error { return ErrSyntax }

// Limits of the fields, from the PCI specification.
const (
	maxDevice   = 0x1f
	maxFunction = 7
)

// Address names one PCI function: domain, bus, device and function (BDF). It is
// comparable, and usable as a map's key. The zero value is no address, and
// different from 0000:00:00.0.
type Address struct {
	domain   uint32 // more than 16 bits: Intel VMD's domains begin at 10000
	bus      uint8
	device   uint8
	function uint8
	valid    bool
}

// Parse reads an address as the kernel, DPDK and lspci write it: hexadecimal
// digits of either case, the domain of four digits or more, or left out for
// domain 0. Blanks around it are not part of an address, so they are an error.
// Every error wraps ErrSyntax.
func Parse(s string) (Address, error) {
	bad := func() (Address, error) { return Address{}, syntaxError(s) }

	rest, function, ok := strings.Cut(s, ".")
	if !ok {
		return bad()
	}
	first, second, ok := strings.Cut(rest, ":")
	if !ok {
		return bad()
	}
	var domain uint64
	if third, fourth, long := strings.Cut(second, ":"); long {
		if domain, ok = parseHex(first, 4, 8); !ok {
			return bad()
		}
		first, second = third, fourth
	}
	bus, okBus := parseHex(first, 2, 2)
	device, okDevice := parseHex(second, 2, 2)
	f, okFunction := parseHex(function, 1, 1)
	if !okBus || !okDevice || !okFunction || device > maxDevice || f > maxFunction {
		return bad()
	}
	return Address{
		domain: uint32(domain), bus: uint8(bus), device: uint8(device), function: uint8(f), valid: true,
	}, nil
}

// MustParse is Parse for an address that the program itself holds. It panics if
// it is not valid.
func MustParse(s string) Address {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// parseHex reads minDigits to maxDigits hexadecimal digits and nothing else: no
// sign, prefix or underscore, which strconv may accept.
func parseHex(s string, minDigits, maxDigits int) (uint64, bool) {
	if len(s) < minDigits || len(s) > maxDigits {
		return 0, false
	}
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 16, 32)
	return n, err == nil
}

// String gives the form that the kernel uses: lower case, with the domain in
// four digits or more, such as 0000:3b:02.6. For the zero value it is empty.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	text := make([]byte, 0, len("ffffffff:ff:1f.7"))
	text = appendHex(text, a.domain, 4)
	text = appendHex(append(text, ':'), uint32(a.bus), 2)
	text = appendHex(append(text, ':'), uint32(a.device), 2)
	text = appendHex(append(text, '.'), uint32(a.function), 1)
	return string(text)
}

// appendHex appends n in hexadecimal, in minDigits digits or more.
func appendHex(text []byte, n uint32, minDigits int) []byte {
	for limit := uint32(1) << (4 * (minDigits - 1)); n < limit && limit > 1; limit >>= 4 {
		text = append(text, '0')
	}
	return strconv.AppendUint(text, uint64(n), 16)
}

// IsZero reports whether a is the zero value, which stands for no address.
func (a Address) IsZero() bool { return a == Address{} }

// MarshalText gives the form of String, so that JSON and YAML carry it.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what Parse reads, and empty text as the zero value.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// Compare orders addresses as lspci lists them, the zero value first.
func Compare(a, b Address) int { return cmp.Compare(a.key(), b.key()) }

func (a Address) key() uint64 {
	if a.IsZero() {
		return 0
	}
	return 1<<63 | uint64(a.domain)<<16 | uint64(a.bus)<<8 | uint64(a.device)<<3 | uint64(a.function)
}
