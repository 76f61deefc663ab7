package disk

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

func cpu() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkWrite writes rows of 300 bytes: b.N of them, in batches, to rooms in turn. Each is deleted 10,000 rows later, as
// a log does.
func BenchmarkWrite(b *testing.B) {
	for _, sync := range []time.Duration{0, -1} {
		for _, rooms := range []int{1, 100} {
			for _, batch := range []int{1, 10, 100} {
				name := fmt.Sprintf("rooms=%d/batch=%d", rooms, batch)
				if sync < 0 {
					name = "synced/" + name
				}
				b.Run(name, func(b *testing.B) { benchmarkWrite(b, sync, rooms, batch, 1) })
			}
		}
	}
	b.Run("writers=50/batch=1", func(b *testing.B) { benchmarkWrite(b, 0, 1, 1, 50) })
	b.Run("synced/writers=50/batch=1", func(b *testing.B) { benchmarkWrite(b, -1, 1, 1, 50) })
}

func benchmarkWrite(b *testing.B, sync time.Duration, rooms, batch, writers int) {
	s := open(b, b.TempDir(), Options{Sync: sync})
	names := make([]string, rooms)
	for i := range names {
		names[i] = fmt.Sprintf("room%d", i)
	}
	value := make([]byte, 300)
	b.SetParallelism(max(1, writers/2))
	start := cpu()
	b.ResetTimer()
	run := func(next func() bool, writer uint64) {
		var rows []datachannel.Row
		for n := uint64(0); next(); n++ {
			r := datachannel.Row{Room: names[n%uint64(rooms)], Table: datachannel.TableEntries}
			r.Key, r.Value = binary.BigEndian.AppendUint64([]byte{byte(writer)}, n), value
			rows = append(rows, r)
			if n >= 10_000 {
				r.Room, r.Value = names[(n-10_000)%uint64(rooms)], nil
				r.Key = binary.BigEndian.AppendUint64([]byte{byte(writer)}, n-10_000)
				rows = append(rows, r)
			}
			if (n+1)%uint64(batch) == 0 {
				write(b, s, rows...)
				rows = rows[:0]
			}
		}
	}
	if writers == 1 {
		run(b.Loop, 0)
	} else {
		b.RunParallel(func(pb *testing.PB) { run(pb.Next, uint64(time.Now().UnixNano())) })
	}
	b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(b.N), "cpu-ns/row")
}

func BenchmarkRead(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	for n := range uint64(100_000) {
		write(b, s, entry(n, 300))
	}
	for b.Loop() {
		rows := 0
		if err := s.Read("r", func(datachannel.Row) error { rows++; return nil }); err != nil || rows != 100_000 {
			b.Fatal(err, rows)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	for n := range uint64(100_000) {
		write(b, s, entry(n, 300))
	}
	_ = s.Close()
	for b.Loop() {
		again, err := Open(s.dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = again.Close()
		b.StartTimer()
	}
}
