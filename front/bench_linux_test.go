package front

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"golang.org/x/sys/unix"
)

// readersEnv makes this test binary a process that reads from as many sockets, so that its CPU isn't the writer's.
const readersEnv = "FRONT_TEST_READERS"

func TestMain(m *testing.M) {
	if n := os.Getenv(readersEnv); n != "" {
		if err := readers(n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func readers(count string) error {
	var n int
	if _, err := fmt.Sscan(count, &n); err != nil {
		return err
	}
	for range n {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return err
		}
		_ = c.SetReadBuffer(udpBuffer)
		go func() {
			for p := make([]byte, 2048); ; {
				if _, _, err := c.ReadFromUDPAddrPort(p); err != nil {
					return
				}
			}
		}()
		fmt.Println(c.LocalAddr())
	}
	_, err := io.Copy(io.Discard, os.Stdin) // until the bench ends
	return err
}

// startReaders starts the process and returns the addresses of its sockets.
func startReaders(b *testing.B, n int) (to []netip.AddrPort) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", readersEnv, n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); len(to) < n && lines.Scan(); {
		to = append(to, netip.MustParseAddrPort(strings.TrimSpace(lines.Text())))
	}
	if len(to) < n {
		b.Fatal("the readers did not start")
	}
	return to
}

func listenLoopback(b *testing.B) *net.UDPConn {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	_ = c.SetReadBuffer(udpBuffer)
	_ = c.SetWriteBuffer(udpBuffer)
	return c
}

// plain is what pion makes of a *net.UDPConn.
type plain struct{ *net.UDPConn }

func (p plain) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return p.WriteToUDPAddrPort(b, to)
}

func (p plain) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	return p.ReadFromUDPAddrPort(b)
}

// cpu is what this process used of it so far.
func cpu(b *testing.B) time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// pair is a plain and a batching socket, which take turns: what else the machine does is not the same from one second to
// the next.
type pair struct {
	sockets [2]ice.AddrPortReaderWriter
	batched *socket
}

func newPair(b *testing.B) *pair {
	one := listenLoopback(b)
	many, ok := batched(listenLoopback(b), newCounts(nil)).(*socket)
	if !ok {
		b.Skip("this kernel has no batches")
	}
	b.Cleanup(func() {
		_ = one.Close()
		_ = many.Close()
	})
	return &pair{[2]ice.AddrPortReaderWriter{plain{one}, many}, many}
}

// report writes medians of turns and their ratio.
func report(b *testing.B, unit string, turns [2][]float64) {
	one, many := median(turns[0]), median(turns[1])
	b.ReportMetric(one, "plain-"+unit)
	b.ReportMetric(many, "batch-"+unit)
	b.ReportMetric(many/one, "ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkWrite is the CPU of a packet to each of some destinations, every 10 ms: bursts as a frame of video makes them,
// and single packets; from one goroutine, as a track is forwarded. What it costs to wake up for them is in it.
func BenchmarkWrite(b *testing.B) {
	for _, destinations := range []int{1, 30, 60} {
		for _, burst := range []int{1, 5} {
			b.Run(fmt.Sprintf("to=%d/burst=%d", destinations, burst), func(b *testing.B) {
				to := startReaders(b, destinations)
				p := newPair(b)
				tick := time.NewTicker(10 * time.Millisecond)
				defer tick.Stop()
				var turns [2][]float64
				for b.Loop() {
					for i, s := range p.sockets {
						turns[i] = append(turns[i], writeTurn(b, s, tick.C, to, burst))
					}
				}
				report(b, "cpu-ns/packet", turns)
				c := p.batched.sender.counts
				b.ReportMetric(float64(c.packetsOut.Load())/float64(c.callsOut.Load()), "packets/call")
			})
		}
	}
}

func writeTurn(b *testing.B, s ice.AddrPortReaderWriter, tick <-chan time.Time, to []netip.AddrPort, burst int) float64 {
	const ticks = 40
	p := make([]byte, 1228)
	before := cpu(b)
	for range ticks {
		<-tick
		for range burst {
			for _, a := range to {
				if _, err := s.WriteToAddrPort(p, a); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	return float64((cpu(b) - before).Nanoseconds()) / float64(ticks*burst*len(to))
}

// BenchmarkLone is how long it takes to write a packet when nothing else is going on.
func BenchmarkLone(b *testing.B) {
	to := startReaders(b, 1)[0]
	pair := newPair(b)
	p := make([]byte, 1228)
	tick := time.NewTicker(2 * gather)
	defer tick.Stop()
	var turns [2][]float64
	for b.Loop() {
		for i, s := range pair.sockets {
			<-tick.C
			begin := time.Now()
			if _, err := s.WriteToAddrPort(p, to); err != nil {
				b.Fatal(err)
			}
			turns[i] = append(turns[i], float64(time.Since(begin).Nanoseconds()))
		}
	}
	report(b, "ns", turns)
}

// BenchmarkRead is how long it takes to read packets that are there: sent one by one, or in bursts that the kernel keeps
// joined for who can take them apart.
func BenchmarkRead(b *testing.B) {
	for _, kind := range []string{"single", "joined"} {
		b.Run(kind, func(b *testing.B) {
			p := newPair(b)
			from := newPair(b)
			makePay(from.batched)
			const count = 200
			packet := make([]byte, 8192)
			var turns [2][]float64
			for b.Loop() {
				for i, s := range p.sockets {
					to := addrOf(s.(net.PacketConn))
					sender := from.sockets[0]
					if kind == "joined" {
						sender = from.batched
					}
					for range count {
						if _, err := sender.WriteToAddrPort(packet[:1228], to); err != nil {
							b.Fatal(err)
						}
					}
					time.Sleep(4 * gather) // so that all are there, and reading them is all that is measured
					begin := time.Now()
					for range count {
						if _, _, err := s.ReadFromAddrPort(packet); err != nil {
							b.Fatal(err)
						}
					}
					turns[i] = append(turns[i], float64(time.Since(begin).Nanoseconds())/count)
				}
			}
			report(b, "ns/packet", turns)
		})
	}
}
