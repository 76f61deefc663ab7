package bench

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// viewer is one who is shown what others publish. take is called from one goroutine at a time.
type viewer struct {
	// Static.
	run    *run
	own    map[uint32]bool // streams that it sends itself
	choice bool            // the server chooses which streams it is shown
	audio  int             // slots
	video  int

	entered atomic.Int64 // Unix nanoseconds
	total   atomic.Uint64

	mu sync.Mutex
	// Guarded by mu: between take and the report.
	tallies  []tally // by stream
	lines    map[uint32]*line
	latency  latency
	first    time.Duration // from entering to the first packet; 0: none came
	wrong    uint64
	repaired uint64
}

// enter makes it take what is shown to a participant who is about to enter.
func (v *viewer) enter(part *Part) {
	part.AudioSlots, part.VideoSlots, part.Packet = v.audio, v.video, v.take
	part.Quiet = v.run.Media.Quiet
	v.entered.Store(time.Now().UnixNano())
}

// take takes a packet. again says that it came by retransmission.
func (v *viewer) take(h *rtp.Header, payload []byte, again bool) {
	now := time.Now().UnixNano()
	id, n, at, ok := readMark(payload)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !ok || int(id) >= len(v.tallies) || v.own[id] {
		v.wrong++
		return
	}
	if again {
		if v.tallies[id].has(n) {
			return // the server tries how much the network carries
		}
		v.repaired++
	} else {
		v.line(h.SSRC).add(h.SequenceNumber)
	}
	if !v.tallies[id].add(n) {
		return
	}
	v.total.Add(1)
	if v.first == 0 {
		v.first = time.Duration(now - v.entered.Load())
	}
	if v.run.measures(at) {
		v.latency.add(time.Duration(now - at))
	}
}

func (v *viewer) line(ssrc uint32) *line {
	l := v.lines[ssrc]
	if l == nil {
		l = &line{}
		v.lines[ssrc] = l
	}
	return l
}

// lost is how many of the streams' packets did not come, of those that were measured. Where the server chooses which to
// show, it is how many numbers are missing in what it sent, from the first packet on.
func (v *viewer) lost(streams []*stream) (lost uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.choice {
		for _, l := range v.lines {
			lost += l.missing()
		}
		return lost - min(lost, v.repaired)
	}
	for i, s := range streams {
		if !v.own[s.id] {
			from, to := s.measured()
			lost += to - from - v.tallies[i].within(from, to)
		}
	}
	return lost
}

// line is what came on one SSRC, by the server's own numbers.
type line struct {
	base, high uint64 // the numbers of the first packet and of the highest; 0: none came
	came       uint64
}

func (l *line) add(sequence uint16) {
	if l.came++; l.high == 0 {
		l.base = 1<<16 + uint64(sequence)
		l.high = l.base
	}
	if ahead := int16(sequence - uint16(l.high)); ahead > 0 {
		l.high += uint64(ahead)
	}
}

func (l *line) missing() uint64 {
	sent := l.high - l.base + 1
	return sent - min(sent, l.came)
}
