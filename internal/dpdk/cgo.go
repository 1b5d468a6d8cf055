//go:build cgo && !nodpdk

package dpdk

/*
#cgo pkg-config: libdpdk
#cgo CFLAGS: -O3 -Wall -Wextra
#include <stdlib.h>
#include "dpdk.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// Version is the release of the DPDK libraries that this process runs on, such as
// 22.11.11; empty in a build without DPDK.
//
// Implements: const char *rte_version(void).
func Version() string {
	return strings.TrimPrefix(C.GoString(C.podnet_version()), "DPDK ")
}

func newDriver() (Driver, error) { return &eal{}, nil }

// eal is the driver that calls DPDK.
type eal struct{ log *logPipe }

// Errno is an error number of DPDK, which has some of its own beside the
// system's. It unwraps to the system's syscall.Errno.
type Errno int

func (e Errno) Error() string { return C.GoString(C.podnet_strerror(C.int(e))) }

// Unwrap makes errors.Is(err, syscall.ENOENT) and its like work.
func (e Errno) Unwrap() error { return syscall.Errno(e) }

// check turns a negative errno into an error that says what was being done.
func check(ret C.int, doing string, args ...any) error {
	if ret >= 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(doing, args...), Errno(-ret))
}

func (e *eal) Open(unlink []string, log func(level byte, text string)) (err error) {
	if e.log, err = newLogPipe(); err != nil {
		return err
	}
	go e.log.run(log)
	// DPDK's process may end in a signal handler, so the names must be C's.
	C.podnet_guard(cStrings(unlink))
	return check(C.podnet_log_open(C.int(e.log.writeFD)), "open DPDK's log")
}

func (e *eal) FlushLog() { e.log.flush() }

func (eal) Confine(cpus []int) error { return confineGo(cpus) }

// cStrings makes a NULL-terminated array that is never freed.
func cStrings(list []string) **C.char {
	array := (**C.char)(C.calloc(C.size_t(len(list)+1), C.size_t(unsafe.Sizeof(uintptr(0)))))
	for i, p := range list {
		unsafe.Slice(array, len(list))[i] = C.CString(p)
	}
	return array
}

// Implements: int rte_eal_init(int argc, char **argv). EAL permutes the array
// and, from 26.07, keeps pointers into it, so it is never freed.
func (eal) Init(args []string) error {
	switch ret := C.podnet_eal_init(C.int(len(args)), cStrings(args)); ret {
	case C.PODNET_NO_REASON:
		return errors.New("rte_eal_init failed")
	case C.PODNET_SECONDARY:
		return errors.New("it is a secondary process of another program, whose ports it would share: " +
			"leave --proc-type away, or give it a --file-prefix of its own")
	default:
		return check(ret, "rte_eal_init")
	}
}

// Implements: int rte_eal_cleanup(void).
func (eal) Cleanup() error {
	return check(C.podnet_eal_cleanup(), "rte_eal_cleanup")
}

func (eal) Lcores() []Lcore {
	list := make([]C.struct_podnet_lcore, C.podnet_lcores(nil, 0))
	if len(list) == 0 {
		return nil
	}
	C.podnet_lcores(&list[0], C.uint(len(list)))
	out := make([]Lcore, len(list))
	for i, l := range list {
		out[i] = Lcore{ID: int(l.id), CPU: int(l.cpu), Socket: int(l.socket), Main: bool(l.main)}
	}
	return out
}

func (eal) Clock() (tsc, nanoseconds uint64) {
	var t, ns C.uint64_t
	C.podnet_clock(&t, &ns)
	return uint64(t), uint64(ns)
}

// Implements: int rte_eth_dev_get_port_by_name(const char *name, uint16_t *port_id).
func (eal) FindPort(name string) (uint16, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	var port C.uint16_t
	err := check(C.podnet_port_find(cname, &port), "port %s", name)
	return uint16(port), err
}

// Implements: int rte_eth_dev_info_get(uint16_t port_id, struct rte_eth_dev_info *dev_info).
func (eal) PortInfo(port uint16) (PortInfo, error) {
	var info C.struct_podnet_port_info
	if err := check(C.podnet_port_info(C.uint16_t(port), &info), "rte_eth_dev_info_get"); err != nil {
		return PortInfo{}, err
	}
	return PortInfo{
		Driver:    C.GoString(&info.driver[0]),
		MAC:       net.HardwareAddr(C.GoBytes(unsafe.Pointer(&info.mac[0]), 6)),
		Socket:    int(info.socket),
		MaxQueues: int(min(info.max_rx_queues, info.max_tx_queues)),
		MaxRxRing: int(info.max_rx_desc), MaxTxRing: int(info.max_tx_desc),
	}, nil
}

// Implements: int rte_eth_dev_configure(uint16_t port_id, uint16_t nb_rx_queue,
// uint16_t nb_tx_queue, const struct rte_eth_conf *eth_conf), and the set-up of
// the queues.
func (eal) Configure(port uint16, queues, rxDesc, txDesc, mtu int, rx Handle) error {
	c := C.struct_podnet_port_config{
		queues: C.uint16_t(queues), rx_desc: C.uint16_t(rxDesc), tx_desc: C.uint16_t(txDesc), mtu: C.uint16_t(mtu),
	}
	return check(C.podnet_port_configure(C.uint16_t(port), &c, rx.(*C.struct_rte_mempool)), "configure the port")
}

// Implements: int rte_eth_dev_start(uint16_t port_id).
func (eal) StartPort(port uint16) error {
	return check(C.podnet_port_start(C.uint16_t(port)), "start the port")
}

// Implements: int rte_eth_dev_stop(uint16_t port_id), int rte_eth_dev_start(uint16_t port_id).
func (eal) RestartPort(port uint16) error {
	return check(C.podnet_port_restart(C.uint16_t(port)), "restart the port")
}

// Implements: int rte_eth_dev_stop(uint16_t port_id), int rte_eth_dev_close(uint16_t port_id).
func (eal) ClosePort(port uint16) error {
	return check(C.podnet_port_close(C.uint16_t(port)), "close the port")
}

// Implements: int rte_eth_link_get_nowait(uint16_t port_id, struct rte_eth_link *link).
func (eal) Link(port uint16) (bool, error) {
	var up C.bool
	err := check(C.podnet_port_link(C.uint16_t(port), &up), "rte_eth_link_get_nowait")
	return bool(up), err
}

// Implements: int rte_eth_link_get_nowait(uint16_t port_id, struct rte_eth_link *link).
func (eal) LinkSpeed(port uint16) (uint64, error) {
	var mbps C.uint32_t
	err := check(C.podnet_port_speed(C.uint16_t(port), &mbps), "rte_eth_link_get_nowait")
	return uint64(mbps), err
}

// Implements: int rte_eth_stats_get(uint16_t port_id, struct rte_eth_stats *stats).
func (eal) Stats(port uint16) (Stats, error) {
	var s C.struct_podnet_port_stats
	if err := check(C.podnet_port_stats(C.uint16_t(port), &s), "rte_eth_stats_get"); err != nil {
		return Stats{}, err
	}
	return Stats{
		RxPackets: uint64(s.rx_packets), RxBytes: uint64(s.rx_bytes), RxMissed: uint64(s.rx_missed),
		RxErrors: uint64(s.rx_errors), RxNoMbuf: uint64(s.rx_nombuf),
		TxPackets: uint64(s.tx_packets), TxBytes: uint64(s.tx_bytes), TxErrors: uint64(s.tx_errors),
	}, nil
}

// Implements: struct rte_mempool *rte_pktmbuf_pool_create(const char *name, unsigned n,
// unsigned cache_size, uint16_t priv_size, uint16_t data_room_size, int socket_id).
func (eal) NewPool(name string, mbufs, room, socket int) (Handle, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	p := C.podnet_pool_new(cname, C.uint(mbufs), C.uint16_t(room), C.int(socket))
	if p == nil {
		return nil, fmt.Errorf("a pool of %d mbufs does not fit into EAL's memory: use fewer --queues, or give the pod more hugepages", mbufs)
	}
	return p, nil
}

func (eal) Prepare(p Handle, frame []byte) error {
	return check(C.podnet_pool_prepare(p.(*C.struct_rte_mempool), unsafe.Pointer(&frame[0]), C.uint16_t(len(frame))),
		"prepare frames of %d bytes", len(frame))
}

func (eal) Send(port uint16, p Handle, frame []byte) error {
	return check(C.podnet_send(C.uint16_t(port), 0, p.(*C.struct_rte_mempool), unsafe.Pointer(&frame[0]), C.uint16_t(len(frame))), "send a frame")
}

func (eal) Receive(port uint16) []byte {
	var buf [2048]byte
	n := C.podnet_receive(C.uint16_t(port), 0, unsafe.Pointer(&buf[0]), C.uint16_t(len(buf)))
	if n <= 0 {
		return nil
	}
	return buf[:n]
}

func (eal) NewWorker(streams []StreamConfig, socket int) (Worker, error) {
	list := make([]C.struct_podnet_stream_config, len(streams))
	for i, s := range streams {
		c := &list[i]
		*c = C.struct_podnet_stream_config{
			mode:    C.int(s.Mode),
			rx_port: C.uint16_t(s.RxPort), rx_queue: C.uint16_t(s.RxQueue),
			tx_port: C.uint16_t(s.TxPort), tx_queue: C.uint16_t(s.TxQueue),
			count_bytes: C.bool(s.CountBytes),
			frame_len:   C.uint16_t(s.FrameLen), packets_per_cycle: C.double(s.PacketsPerCycle), limit: C.uint64_t(s.Limit),
			stamp_offset: C.uint16_t(s.StampOffset), flows: C.uint32_t(s.Flows), signature: C.uint32_t(s.Signature),
			stamp_shift: C.uint8_t(s.StampShift), vlan: C.uint16_t(s.VLAN), earliest: C.uint64_t(s.Earliest),
			first_flow: C.uint32_t(s.FirstFlow), first_number: C.uint32_t(s.FirstNumber), late_cycles: C.double(s.LateCycles),
			n_sizes: C.uint16_t(len(s.Heads)), n_pattern: C.uint16_t(len(s.Pattern)),
			slack_cycles: C.uint64_t(s.SlackCycles), wide: C.bool(s.Wide), answers: C.bool(s.Answers), elsewhere: C.bool(s.Elsewhere),
			impair: s.Impair.c(),
		}
		for j, values := range []int{
			C.PODNET_SRC_IP: s.Vary.SrcIP, C.PODNET_DST_IP: s.Vary.DstIP, C.PODNET_SRC_PORT: s.Vary.SrcPort, C.PODNET_DST_PORT: s.Vary.DstPort,
		} {
			c.vary[j].values = C.uint32_t(values)
		}
		if s.Pool != nil {
			c.pool = s.Pool.(*C.struct_rte_mempool)
		}
		if s.Ring != nil {
			c.ring = s.Ring.(*C.struct_rte_ring)
		}
		for j, head := range s.Heads {
			c.len[j] = C.uint16_t(s.Lens[j])
			for k, b := range head {
				c.head[j][k] = C.uint8_t(b)
			}
		}
		for j, n := range s.Payloads {
			c.len[j] = C.uint16_t(n)
			c.n_sizes = C.uint16_t(j + 1)
		}
		for j, size := range s.Pattern {
			c.pattern[j] = C.uint8_t(size)
		}
		for j, b := range s.SrcMAC {
			c.src_mac[j] = C.uint8_t(b)
		}
		for j, b := range s.DstMAC {
			c.dst_mac[j] = C.uint8_t(b)
		}
	}
	w := C.podnet_worker_new(&list[0], C.uint(len(list)), C.int(socket))
	if w == nil {
		return nil, errors.New("no memory for the lcore's streams: use fewer flows or give the pod more memory")
	}
	return ealWorker{w}, nil
}

func (i ImpairConfig) c() C.struct_podnet_impairment {
	return C.struct_podnet_impairment{
		mode: C.int(i.Mode), gap: C.double(i.Gap), depth: C.uint32_t(i.Depth),
		delay: C.uint64_t(i.Delay), idle: C.uint64_t(i.Idle),
		reorder_by: C.uint32_t(i.ReorderBy), capacity: C.uint32_t(i.Capacity), seed: C.uint64_t(i.Seed),
		loss: i.Loss.c(), duplicate: i.Duplicate.c(), reorder: i.Reorder.c(),
	}
}

func (f Fault) c() C.struct_podnet_fault {
	p := f.Ratio * (1 << 64)
	probability := uint64(math.MaxUint64) // always, less one time in 2^64
	if p < 1<<64 {
		probability = uint64(p)
	}
	return C.struct_podnet_fault{every: C.uint64_t(f.Every), probability: C.uint64_t(probability)}
}

// Implements: struct rte_ring *rte_ring_create(const char *name, unsigned count,
// int socket_id, unsigned flags).
func (eal) NewRing(name string, size, socket int) (Handle, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	r := C.podnet_ring_new(cname, C.uint(size), C.int(socket))
	if r == nil {
		return nil, fmt.Errorf("a ring of %d mbufs does not fit into EAL's memory: use fewer --queues, or give the pod more hugepages", size)
	}
	return r, nil
}

// Implements: void rte_ring_free(struct rte_ring *r).
func (eal) FreeRing(r Handle) { C.podnet_ring_free(r.(*C.struct_rte_ring)) }

// Implements: int rte_eal_remote_launch(lcore_function_t *f, void *arg, unsigned worker_id).
func (eal) Launch(w Worker, lcore int) error {
	return check(C.podnet_worker_launch(w.(ealWorker).w, C.uint(lcore)), "launch on lcore %d", lcore)
}

// Implements: int rte_eal_wait_lcore(unsigned worker_id).
func (eal) Wait(lcore int) { C.podnet_worker_wait(C.uint(lcore)) }

// graceTimeout is how long a loop may take for a turn, on a machine that is busy.
const graceTimeout = 5 * time.Second

func (eal) Grace() error {
	return check(C.podnet_grace(C.uint32_t(graceTimeout.Microseconds())), "wait for the loops")
}

type ealWorker struct{ w *C.struct_podnet_worker }

func (w ealWorker) StopTx()       { C.podnet_worker_stop_tx(w.w) }
func (w ealWorker) Stop()         { C.podnet_worker_stop(w.w) }
func (w ealWorker) Pause(on bool) { C.podnet_worker_pause(w.w, C.bool(on)) }
func (w ealWorker) Park(port uint16, on bool) {
	C.podnet_worker_park(w.w, C.uint16_t(port), C.bool(on))
}
func (w ealWorker) Turns() uint64 { return uint64(C.podnet_worker_turns(w.w)) }
func (w ealWorker) TID() int      { return int(C.podnet_worker_tid(w.w)) }
func (w ealWorker) Free()         { C.podnet_worker_free(w.w) }

func (w ealWorker) Read(stream int) RawCounters {
	var c C.struct_podnet_counters
	C.podnet_worker_read(w.w, C.uint(stream), &c)
	return RawCounters{
		RxPackets: uint64(c.rx_packets), RxOther: uint64(c.rx_other),
		RxTruncated: uint64(c.rx_truncated), RxExtended: uint64(c.rx_extended),
		RxDamaged: uint64(c.rx_damaged), RxRetagged: uint64(c.rx_retagged), RxTags: uint64(c.rx_tags),
		TxPackets: uint64(c.tx_packets), TxRefused: uint64(c.tx_refused), Offered: uint64(c.offered),
		RxBytes: uint64(c.rx_bytes), TxBytes: uint64(c.tx_bytes),
		Begin: uint64(c.begin), End: uint64(c.end),
		Late: uint64(c.late), MaxLate: uint64(c.max_late),
		MaxBacklog: uint64(c.max_backlog), RefusedLate: uint64(c.refused_late), MaxGap: uint64(c.max_gap),
		Duplicates: uint64(c.duplicates), Reordered: uint64(c.reordered), Missing: uint64(c.missing),
		Dropped: uint64(c.dropped), Overflowed: uint64(c.overflowed), Duplicated: uint64(c.duplicated), Held: uint64(c.held),
	}
}

func (w ealWorker) Follow(stream int, sender Worker, from int) error {
	return check(C.podnet_worker_follow(w.w, C.uint(stream), sender.(ealWorker).w, C.uint(from)), "follow a stream that sends")
}

func (w ealWorker) Bursts(stream int) []uint64 {
	var list [C.PODNET_BURST + 1]C.uint64_t
	C.podnet_worker_bursts(w.w, C.uint(stream), &list[0])
	out := make([]uint64, len(list))
	for i, n := range list {
		out[i] = uint64(n)
	}
	return out
}

func (w ealWorker) Question(stream int) []byte {
	var frame [C.PODNET_QUESTION]byte
	n := C.podnet_worker_question(w.w, C.uint(stream), (*C.uint8_t)(&frame[0]))
	if n == 0 {
		return nil
	}
	return frame[:n]
}

func (w ealWorker) Answer(stream int, frame []byte) bool {
	return len(frame) > 0 && bool(C.podnet_worker_answer(w.w, C.uint(stream), (*C.uint8_t)(&frame[0]), C.uint(len(frame))))
}

func (w ealWorker) Times(stream int, of Times, record func(cycles, packets uint64)) {
	var list [256]C.struct_podnet_time
	for from := C.uint(0); ; {
		n := C.podnet_worker_times(w.w, C.uint(stream), uint32(of), &from, &list[0], C.uint(len(list)))
		for _, t := range list[:n] {
			record(uint64(t.cycles), uint64(t.packets))
		}
		if n == 0 {
			return
		}
	}
}
