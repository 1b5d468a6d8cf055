// Package eal renders the command line of DPDK's Environment Abstraction Layer.
//
// Start at [Config] and [Config.Args]. A Config says in plain data which CPUs, memory and
// devices a DPDK process gets; Args turns it into the arguments of rte_eal_init, without
// the program's name. Package render adds the arguments that DPDK applications take after
// the "--". Package podnet makes a Config for a pod. This package does no I/O, so its answer
// depends on nothing but the Config.
//
// # One line for every release
//
// DPDK parsed its arguments with getopt until 25.07 and with its own rte_argparse
// since 25.11, which knows no abbreviations, accepts a scalar option only once, and
// ends the process on a syntax error. Both accept this package's output: no
// option twice, none abbreviated, names that every release since 22.11 has.
// The caller's own arguments are held to the rules of the release in
// Config.Version.
//
// # Untrusted text
//
// Socket paths, interface names and MAC addresses come from anybody who may write a
// pod's annotations. DPDK's device arguments have neither quotes nor escapes:
// a comma in a path would begin another argument of the device. A value that
// cannot be expressed is a [*ValueError], which names the interface and the
// place that the value came from; errors.Is(err, [ErrInexpressible]) holds for
// each of them.
package eal
