package disk

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

const childDir = "PARLOR_DISK_TEST_CHILD"

// child writes numbered rows until it is killed, and says each number when Write has returned. A write is a row of the log
// and a count of it, as a room writes them.
func child(dir string) int {
	s, err := Open(dir, Options{foldAt: 16 << 10})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := s.Damage(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	n := uint64(0)
	err = s.Read("r", func(r datachannel.Row) error {
		if r.Table == datachannel.TableMeta {
			n = binary.BigEndian.Uint64(r.Value)
		}
		return nil
	})
	for err == nil {
		n++
		rows := []datachannel.Row{entry(n, 300), {
			Room: "r", Table: datachannel.TableMeta, Key: []byte("n"), Value: binary.BigEndian.AppendUint64(nil, n),
		}}
		if n > 1000 {
			rows = append(rows, gone("r", datachannel.TableEntries, string(binary.BigEndian.AppendUint64(nil, n-1000))))
		}
		if err = s.Write(rows); err == nil {
			_, err = os.Stdout.WriteString(strconv.FormatUint(n, 10) + "\n")
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// TestKill kills a writing process twenty times at random moments: what it was told is written must be there, without holes.
func TestKill(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	dir, acked := t.TempDir(), uint64(0)
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		if _, err := lines.Peek(1); err != nil {
			t.Fatalf("round %d: the writer ended by itself", round)
		}
		timer := time.AfterFunc(time.Duration(rand.IntN(100_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				break // half a line was not said
			}
			n, err := strconv.ParseUint(line[:len(line)-1], 10, 64)
			if err != nil || n <= acked {
				t.Fatalf("round %d: %q after %d", round, line, acked)
			}
			acked = n
		}
		_ = cmd.Wait()
		timer.Stop()

		s := open(t, dir, Options{})
		if s.Damage() != nil {
			t.Fatalf("round %d: %v", round, s.Damage())
		}
		var count, first, last, rows uint64
		err = s.Read("r", func(r datachannel.Row) error {
			if r.Table == datachannel.TableMeta {
				count = binary.BigEndian.Uint64(r.Value)
				return nil
			}
			n := binary.BigEndian.Uint64(r.Key)
			if rows++; rows == 1 {
				first = n
			} else if n != last+1 {
				t.Errorf("round %d: %d comes after %d", round, n, last)
			}
			last = n
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if last < acked || last > acked+1 || count != last || first != max(last, 1000)-999 {
			t.Fatalf("round %d: %d to %d are there and the count is %d; %d was acknowledged", round, first, last, count, acked)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d writes", acked)
}
