//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// These rows are wall-clock times, as a user experiences them.

func firstPacketOfOurs(b *bench) (sample, error) {
	return b.firstPacket([]string{b.ours, "run", "--vdev", null, "--memory", b.memory.name, "--mode", "txonly"})
}

func firstPacketOfTestpmd(b *bench) (sample, error) {
	return b.firstPacket(b.testpmdArgs(null, "txonly"))
}

// firstPacket starts a program and asks for the port's counters until one has been sent.
func (b *bench) firstPacket(argv []string) (s sample, err error) {
	begin := time.Now()
	p, runtimeDir, err := b.start(argv)
	if err != nil {
		return s, err
	}
	defer p.Kill()
	var telemetry *testpeer.Telemetry
	for time.Since(begin) < 20*time.Second && p.Running() {
		if telemetry, _, err = sending(telemetry, runtimeDir, "net_null0"); err == nil {
			break
		}
		time.Sleep(500 * time.Microsecond)
	}
	s.value = time.Since(begin).Seconds() * 1e3
	if telemetry != nil {
		defer telemetry.Close()
	}
	if err == nil {
		err = b.end(p)
	}
	if err != nil {
		return s, fmt.Errorf("%q: %w\n%s%s", argv, err, p.Stdout(), p.Stderr())
	}
	return s, nil
}

// benchFixed is a whole run of bench, on a path that is ready: a ring.
func benchFixed(b *bench) (s sample, err error) {
	begin := time.Now()
	argv := []string{
		b.ours, "bench", "fixed", "-d", "1s", "--warmup", "0s", "--rate", "100kpps", "--vdev", ring,
		"--memory", b.memory.name, "--result-file", b.path("result.json"),
	}
	p, _, err := b.start(argv)
	if err != nil {
		return s, err
	}
	defer p.Kill()
	code, err := p.Wait(time.Minute)
	s.value = time.Since(begin).Seconds()
	// 5: bench calls the result not valid, as the machine was busy. The time counts all the same.
	if err == nil && code != 0 && code != 5 {
		err = fmt.Errorf("exit code %d", code)
	}
	if err != nil {
		return s, fmt.Errorf("%q: %w\n%s%s", argv, err, p.Stdout(), p.Stderr())
	}
	return s, nil
}
