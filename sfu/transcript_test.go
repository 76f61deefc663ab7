package sfu

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the forwarder does into testdata/forwarder")

// TestForwarderTranscripts plays the scenes of testdata/forwarder. A line that begins with > is what came of the line
// above; all others are played:
//
//	# words
//	+33ms                       time passes
//	begin S0T2                  another source, of which so much is aimed at
//	join S0T2 3000              another stream of the same pictures; in the former, its next one would have this timestamp
//	aim S0T1                    within the source
//	stop
//	frame 10 3 9000 key S0T0    numbers 10 to 12 with timestamp 9000: a frame of three packets
//	part 11 9000 S0T0           a packet of its own; first and last say that a frame begins or ends with it
//	again 7                     what was sent as 7 is asked for again
//
// A frame has key (of a key picture), sync, ^S0T1 (a tier one may go up to), pid=7, tl0=3, fr=8 (frame number), pad, open
// (the picture goes on with another spatial layer).
func TestForwarderTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/forwarder/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			st := stage{t: t, f: newForwarder(Video, 0, 0), now: time.Unix(1000, 0), sent: map[uint16]*packet{}}
			lines := bufio.NewScanner(strings.NewReader(string(want)))
			for lines.Scan() {
				if line := lines.Text(); !strings.HasPrefix(line, ">") {
					fmt.Fprintln(&st.out, line)
					st.play(line)
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(st.out.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if st.out.String() != string(want) {
				t.Errorf("it went otherwise (go test -run Transcripts -update shows how):\n%s", st.out.String())
			}
		})
	}
}

// stage plays one transcript.
type stage struct {
	t    *testing.T
	f    *forwarder
	now  time.Time
	out  strings.Builder
	sent map[uint16]*packet // by source number
}

func (st *stage) play(line string) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0] == "#" {
		return
	}
	number := func(i int) int {
		if i >= len(words) {
			st.t.Fatalf("%q: a word is missing", line)
		}
		n, err := strconv.Atoi(words[i])
		if err != nil {
			st.t.Fatalf("%q: %v", line, err)
		}
		return n
	}
	switch words[0] {
	case "begin":
		st.f.begin(st.tier(words[1]))
	case "join":
		st.f.join(st.tier(words[1]), uint32(number(2)))
	case "aim":
		st.f.selection.aim = st.tier(words[1])
	case "stop":
		st.f.stop()
	case "frame":
		for i := range number(2) {
			first, last := i == 0, i == number(2)-1
			st.send(st.packet(number(1)+i, number(3), first, last, words[4:]))
		}
	case "part":
		st.send(st.packet(number(1), number(2), strings.Contains(line, "first"), strings.Contains(line, "last"), words[3:]))
	case "again":
		source, ok := st.f.again(uint16(number(1)))
		if p := st.sent[source]; ok && p != nil && st.f.repeated(source) {
			st.note(st.f.repeat(p), true)
		} else {
			fmt.Fprintln(&st.out, ">", "not again")
		}
	default:
		d, err := time.ParseDuration(strings.TrimPrefix(words[0], "+"))
		if err != nil {
			st.t.Fatalf("%q: %v", line, err)
		}
		st.now = st.now.Add(d)
	}
}

func (st *stage) tier(word string) tier {
	if len(word) != 4 || word[0] != 'S' || word[2] != 'T' {
		st.t.Fatalf("%q is no tier", word)
	}
	return tierOf(word[1]-'0', word[3]-'0')
}

func (st *stage) packet(sequence, timestamp int, first, last bool, words []string) *packet {
	p := &packet{sequence: uint16(sequence), timestamp: uint32(timestamp), payload: []byte{1}, marker: last}
	p.frame, p.end = first, last
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(value)
		switch {
		case w == "key":
			p.start = first && p.spatial == 0
		case w == "sync":
			p.sync = true
		case w == "pad":
			p.payload = nil
		case w == "open":
			p.marker = false
		case w == "restart":
			p.restart = true
		case w[0] == 'S':
			p.spatial, p.temporal = st.tier(w).spatial(), st.tier(w).temporal()
			p.start = p.start && p.spatial == 0
		case w[0] == '^':
			if first {
				p.upper.add(st.tier(w[1:]))
			}
		case name == "pid":
			p.counters.pictureID, p.pictureAt, p.pictureLong = uint16(n), 2, true
			p.dense = true
		case name == "pid9": // VP9
			p.counters.pictureID, p.pictureAt, p.pictureLong = uint16(n), 2, true
		case name == "tl0":
			p.tl0, p.tl0At = uint8(n), 4
		case name == "fr":
			p.extensions[extensionDependency] = []byte{0, byte(n >> 8), byte(n)}
		case w == "first", w == "last":
		default:
			st.t.Fatalf("%q?", w)
		}
	}
	return p
}

func (st *stage) send(p *packet) {
	st.sent[p.sequence] = p
	out, ok := st.f.translate(p, st.now)
	if !ok {
		why := "waits"
		switch {
		case out.above:
			why = "above"
		case st.f.state == running:
			why = "not sent"
		}
		fmt.Fprintln(&st.out, ">", why)
		return
	}
	st.note(out, false)
	p.timestamp = out.timestamp - st.f.offset
}

func (st *stage) note(out rewritten, again bool) {
	fmt.Fprint(&st.out, "> ", out.sequence)
	if out.empty {
		fmt.Fprintln(&st.out, " empty")
		return
	}
	fmt.Fprint(&st.out, " ts ", out.timestamp)
	if st.f.pictures {
		fmt.Fprint(&st.out, " pid ", out.pictureID, " tl0 ", out.tl0)
	}
	if st.f.frames {
		fmt.Fprint(&st.out, " fr ", out.frame)
	}
	if out.marker {
		fmt.Fprint(&st.out, " marker")
	}
	if again {
		fmt.Fprint(&st.out, " again")
	}
	fmt.Fprintln(&st.out)
}
