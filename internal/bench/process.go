package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// userHz is the unit of times in /proc: 100 on every Linux that Go runs on.
const userHz = 100

// Process is a server on this machine. 0 is none.
type Process int

// CPU is user and system time so far: to the nanosecond where the kernel counts so, for what somebody idle uses is little.
// Threads are added up, which is right as long as none ends; Go's do not.
func (p Process) CPU() (time.Duration, error) {
	if p == 0 {
		return 0, nil
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", int(p)))
	if err == nil && len(threads) > 0 {
		return cpuOfThreads(threads)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", int(p)))
	if err != nil {
		return 0, err
	}
	return cpuOf(stat)
}

func cpuOfThreads(files []string) (sum time.Duration, err error) {
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended just now
		}
		if err != nil {
			return 0, err
		}
		ran, _, _ := bytes.Cut(stat, []byte(" ")) // nanoseconds on a processor, waiting for one, and times it had one
		n, err := strconv.ParseInt(string(ran), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("schedstat: %w", err)
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

func cpuOf(stat []byte) (time.Duration, error) {
	// The name, in brackets, may have anything in it. utime and stime are fields 14 and 15; field 3 comes behind the name.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("stat of %d fields", len(fields))
	}
	return ticks(fields[11], fields[12])
}

// Machine is what all processes and the kernel have used, over all cores.
func Machine() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	return busyOf(stat)
}

func busyOf(stat []byte) (time.Duration, error) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line) // cpu user nice system idle iowait irq softirq steal …
	if len(fields) < 9 {
		return 0, errors.New("/proc/stat has no line for all cores")
	}
	return ticks(fields[1], fields[2], fields[3], fields[6], fields[7], fields[8])
}

func ticks(fields ...[]byte) (sum time.Duration, err error) {
	for _, f := range fields {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("stat: %w", err)
		}
		sum += time.Duration(n) * (time.Second / userHz)
	}
	return sum, nil
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
		return 0, errors.New("status has no VmRSS")
	}
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, errors.New("status has no VmRSS")
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("VmRSS: %w", err)
	}
	return kib * 1024, nil
}
