package eal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrVersion is wrapped by every error about a DPDK version.
var ErrVersion = errors.New("unsupported DPDK version")

// Version is a DPDK release. Versions compare with the language's operators:
// v >= V24_11. The zero value stands for the oldest release that is supported,
// 22.11.
type Version uint32

// The long-term releases, and the releases at which the command line changed.
const (
	V22_11 Version = 22<<16 | 11<<8
	V23_11 Version = 23<<16 | 11<<8
	V24_11 Version = 24<<16 | 11<<8
	V25_11 Version = 25<<16 | 11<<8

	v23_03 Version = 23<<16 | 3<<8
	v25_07 Version = 25<<16 | 7<<8
	v26_07 Version = 26<<16 | 7<<8
)

// ParseVersion reads a release such as "22.11" or "22.11.11", with or without the
// "DPDK " of rte_version() in front and the "-rc1" of a candidate behind. It
// fails for releases before 22.11. Every error wraps ErrVersion.
func ParseVersion(s string) (Version, error) {
	text, _, _ := strings.Cut(strings.TrimPrefix(s, "DPDK "), "-rc")
	fields := strings.Split(text, ".")
	if len(fields) < 2 || len(fields) > 3 {
		return 0, fmt.Errorf("%w %q: want a form such as 22.11 or 24.11.3", ErrVersion, s)
	}
	var v Version
	for i, limit := range [...]uint64{99, 12, 255} {
		var n uint64
		if i < len(fields) {
			var err error
			if n, err = strconv.ParseUint(fields[i], 10, 8); err != nil || n > limit {
				return 0, fmt.Errorf("%w %q: want a form such as 22.11 or 24.11.3", ErrVersion, s)
			}
		}
		v = v<<8 | Version(n)
	}
	if v < V22_11 {
		return 0, fmt.Errorf("%w %q: 22.11 is the oldest that is supported", ErrVersion, s)
	}
	return v, nil
}

// String gives the release as DPDK writes it, without a patch level of zero.
func (v Version) String() string {
	v = v.orOldest()
	s := fmt.Sprintf("%02d.%02d", v>>16, v>>8&0xff)
	if patch := v & 0xff; patch != 0 {
		s += fmt.Sprintf(".%d", patch)
	}
	return s
}

// MarshalText gives the same text as String.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what ParseVersion reads.
func (v *Version) UnmarshalText(text []byte) (err error) {
	*v, err = ParseVersion(string(text))
	return err
}

func (v Version) orOldest() Version {
	if v == 0 {
		return V22_11
	}
	return v
}
