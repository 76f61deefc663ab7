package bandwidth

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the answers in testdata anew")

// TestShareStories plays what stands in testdata. A line that begins with = is the answer to the one before it.
//
//	show ada speaking 640x360 150@320x180 500@640x360   a place, its rank and size, and what there is of the picture
//	rank ada plain, size ada 320x180                     it changes
//	off ada 640x360, on ada 640x360                      its publisher stops and goes on sending that
//	hide ada                                             the place is gone
//	line 2000                                            what there is for pictures, in kb/s
//	wait 10s                                             time passes
func TestShareStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, want)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			} else if !bytes.Equal(got, want) {
				t.Errorf("it goes\n%s\nand not\n%s", got, want)
			}
		})
	}
}

type stage struct {
	now     time.Duration
	line    int // kb/s
	names   []string
	demands []Demand
	choices []Choice
}

func play(t *testing.T, script []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var s stage
	for lines := bufio.NewScanner(bytes.NewReader(script)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "=") {
			continue
		}
		fmt.Fprintln(&out, line)
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" && s.do(t, words) {
			s.answer(&out)
		}
	}
	return out.Bytes()
}

// do is true if the line is divided anew then.
func (s *stage) do(t *testing.T, words []string) bool {
	t.Helper()
	switch words[0] {
	case "line":
		s.line = number(t, words[1])
		return true
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		s.now += d
		return true
	case "show":
		d := Demand{Rank: rank(t, words[2])}
		d.Width, d.Height = size(t, words[3])
		for _, w := range words[4:] {
			kb, picture, _ := strings.Cut(w, "@")
			o := Option{Bitrate: 1000 * number(t, kb), Live: true}
			o.Width, o.Height = size(t, picture)
			d.Options = append(d.Options, o)
		}
		s.names, s.demands = append(s.names, words[1]), append(s.demands, d)
		return false
	}
	i := slices.Index(s.names, words[1])
	if i < 0 {
		t.Fatalf("nobody is called %s", words[1])
	}
	d := &s.demands[i]
	switch words[0] {
	case "rank":
		d.Rank = rank(t, words[2])
	case "size":
		d.Width, d.Height = size(t, words[2])
	case "off", "on":
		width, _ := size(t, words[2])
		for j := range d.Options {
			if d.Options[j].Width == width {
				d.Options[j].Live = words[0] == "on"
			}
		}
	case "hide":
		s.names, s.demands = slices.Delete(s.names, i, i+1), slices.Delete(s.demands, i, i+1)
	default:
		t.Fatalf("what is %s", words[0])
	}
	return false
}

func (s *stage) answer(out *bytes.Buffer) {
	now := epoch.Add(s.now)
	var want int
	s.choices, want = Share(now, 1000*s.line, s.demands, s.choices)
	var shown []string
	spent := 0
	for i, c := range s.choices {
		d := &s.demands[i]
		d.Past.Take(c, now)
		word := s.names[i] + " paused"
		if c.Option != Paused {
			o := d.Options[c.Option]
			spent += o.Bitrate
			word = fmt.Sprintf("%s %dx%d", s.names[i], o.Width, o.Height)
			switch {
			case c.Show == Paused:
				word += " (nothing yet)"
			case c.Show != c.Option:
				word += fmt.Sprintf(" (%dx%d until then)", d.Options[c.Show].Width, d.Options[c.Show].Height)
			}
		}
		shown = append(shown, word)
	}
	fmt.Fprintf(out, "= %v: %s; %d of %d kb/s", s.now, strings.Join(shown, ", "), spent/1000, s.line)
	if want > 0 {
		fmt.Fprintf(out, ", all would take %d", want/1000)
	}
	fmt.Fprintln(out)
}

func number(t *testing.T, word string) int {
	t.Helper()
	n, err := strconv.Atoi(word)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func size(t *testing.T, word string) (width, height int) {
	t.Helper()
	w, h, ok := strings.Cut(word, "x")
	if !ok {
		t.Fatalf("%s is no size", word)
	}
	return number(t, w), number(t, h)
}

func rank(t *testing.T, word string) uint8 {
	t.Helper()
	i := slices.Index([]string{"plain", "speaking", "pinned", "shared"}, word)
	if i < 0 {
		t.Fatalf("%s is no rank", word)
	}
	return uint8(i)
}

// Whatever is asked for, nobody gets what he has no option for, and what is given is at most a tenth above the budget,
// and that only of what was given before.
func FuzzShare(f *testing.F) {
	f.Add(uint16(2000), []byte{0, 64, 10, 50, 170, 1, 20, 5, 6, 7})
	f.Fuzz(func(t *testing.T, kb uint16, b []byte) {
		var demands []Demand
		for ; len(b) >= 5 && len(demands) < 40; b = b[5:] {
			d := Demand{Rank: b[0] % 4, Width: int(b[1]) * 16, Height: int(b[1]) * 9}
			bits := 0
			for i, n := range b[2:5] {
				if n%7 == 0 {
					continue
				}
				bits += int(n) * 10_000
				d.Options = append(d.Options, Option{320 << i, 180 << i, bits, n%3 != 0})
			}
			demands = append(demands, d)
		}
		budget := int(kb) * 1000
		for round := range 3 {
			now := epoch.Add(time.Duration(round) * 11 * time.Second)
			choices, want := Share(now, budget, demands, nil)
			spent, all := 0, true
			for i, c := range choices {
				d := &demands[i]
				if c.Option < Paused || c.Option >= len(d.Options) || c.Show > c.Option || c.Show != Paused && !d.Options[c.Show].Live {
					t.Fatalf("%+v of %d options", c, len(d.Options))
				}
				if c.Option != Paused {
					spent += d.Options[c.Option].Bitrate
				}
				all = all && c.Option == d.best()
				d.Past.Take(c, now)
			}
			most := budget
			if round > 0 {
				most = int(staysWithin*float64(budget)) + 1
			}
			if spent > most {
				t.Fatalf("%d of %d are spent", spent, budget)
			}
			if all != (want == 0) && len(demands) > 0 {
				t.Fatalf("all have the best: %v, and want is %d", all, want)
			}
			budget = budget * 2 / 3
		}
	})
}

// What somebody has stays while it is not much more than there is, also if it never fell.
func TestShareKeepsWhatNeverFell(t *testing.T) {
	now := time.Unix(1000, 0)
	demands := []Demand{{Options: []Option{{Bitrate: 300_000, Live: true}}}, {Options: []Option{{Bitrate: 300_000, Live: true}}}}
	for _, step := range []struct {
		budget int
		second int
	}{{600_000, 0}, {560_000, 0}, {500_000, Paused}} {
		choices, _ := Share(now, step.budget, demands, nil)
		for i, c := range choices {
			demands[i].Past.Take(c, now)
		}
		if choices[0].Option != 0 || choices[1].Option != step.second {
			t.Errorf("at %d: %v", step.budget, choices)
		}
	}
}
