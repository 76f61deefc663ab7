package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// userHz is the unit of times in /proc: 100 on every Linux that Go runs on.
const userHz = 100

// Process is a server on this machine. 0 is none.
type Process int

// CPU is user and system time so far.
func (p Process) CPU() (time.Duration, error) {
	if p == 0 {
		return 0, nil
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", int(p)))
	if err != nil {
		return 0, err
	}
	return cpuOf(stat)
}

func cpuOf(stat []byte) (time.Duration, error) {
	// The name, in brackets, may have anything in it. utime and stime are fields 14 and 15; field 3 comes behind the name.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("stat of %d fields", len(fields))
	}
	ticks := time.Duration(0)
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("stat: %w", err)
		}
		ticks += time.Duration(n)
	}
	return ticks * time.Second / userHz, nil
}

// RSS is the resident memory in bytes.
func (p Process) RSS() (int64, error) {
	if p == 0 {
		return 0, nil
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", int(p)))
	if err != nil {
		return 0, err
	}
	return rssOf(status)
}

func rssOf(status []byte) (int64, error) {
	_, rest, ok := bytes.Cut(status, []byte("\nVmRSS:"))
	if !ok {
		return 0, fmt.Errorf("status has no VmRSS")
	}
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("status has no VmRSS")
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("VmRSS: %w", err)
	}
	return kib * 1024, nil
}
