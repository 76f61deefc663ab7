package bandwidth

import "time"

// losses tells what a line loses because it is sent too much from what it loses anyway. The former goes away when less
// is sent, or comes with a queue; the latter is a property of the line like its length (a weak radio), and to send less on
// account of it would help nobody.
type losses struct {
	lost, came int // of the present window
	since      time.Duration
	row        row

	smooth float64
	any    bool
	own    float64 // what is lost anyway

	lossy      bool // more than own, and nothing queues
	lossySince time.Duration
	test       lossTest
}

// lossTest: the estimate was lowered for what was lost, and now it is seen whether that helps.
type lossTest struct {
	running bool
	sent    float64 // bits a second, before
	loss    float64
	windows int // since less is sent
}

const (
	lossWindow  = 500 * time.Millisecond
	lossPackets = 20 // in a window at least
	lossPatient = 2 * time.Second

	lossGrows  = 0.02 // up to which the estimate grows
	lossFalls  = 0.10 // from which on it falls
	lossOwn    = 0.3  // of own may be noise
	ownAfter   = 5 * time.Second
	ownMost    = 0.5
	testWindow = 3

	// outageLeast of sending of which nothing arrived at all: the line was away. One that is too narrow goes on carrying what it can.
	outageLeast = 200 * time.Millisecond
)

// row are losses in a row.
type row struct {
	first, last time.Duration // when they were sent
	packets     int           // of the present window
	open        bool
}

// add takes what became of a packet that was sent then. What was lost in an outage says nothing about how wide the line is.
func (l *losses) add(lost bool, sent time.Duration) {
	switch {
	case !lost:
		if l.row.last-l.row.first >= outageLeast {
			l.lost = max(l.lost-l.row.packets, 0)
		}
		l.row = row{}
		l.came++
		return
	case !l.row.open:
		l.row = row{first: sent, open: true}
	}
	l.row.last = sent
	l.row.packets++
	l.lost++
}

// found takes back a loss: the packet was only late.
func (l *losses) found() {
	l.lost = max(l.lost-1, 0)
	l.came++
}

// forget drops what was counted of the present window.
func (l *losses) forget() { l.lost, l.came, l.row.packets = 0, 0, 0 }

// close ends a window when it is full. It is true if the estimate should fall.
func (l *losses) close(at time.Duration, sent float64, queues bool) bool {
	n, open := l.lost+l.came, at-l.since
	if open < lossWindow || n < lossPackets && (open < lossPatient || n < lossPackets/2) {
		return false
	}
	loss := float64(l.lost) / float64(n)
	l.forget()
	l.since = at
	if !l.any {
		l.smooth, l.any = loss, true
	}
	l.smooth = (l.smooth + loss) / 2
	if l.smooth < l.own {
		l.own += (l.smooth - l.own) / 5
	}
	l.learn(at, sent, queues)
	if l.excess() <= lossFalls {
		return false
	}
	if !l.test.running {
		l.test = lossTest{running: true, sent: sent, loss: l.smooth}
	}
	return true
}

// learn finds out what is the line's own.
func (l *losses) learn(at time.Duration, sent float64, queues bool) {
	if l.test.running && sent < 0.85*l.test.sent {
		if l.test.windows++; l.test.windows >= testWindow {
			if l.smooth > 0.7*l.test.loss {
				l.takeAsOwn()
			}
			l.test = lossTest{}
		}
	}
	switch {
	case l.grows():
		l.lossy, l.test = false, lossTest{}
	case queues:
		l.lossy = false
	case !l.lossy:
		l.lossy, l.lossySince = true, at
	case at-l.lossySince >= ownAfter:
		l.takeAsOwn()
	}
}

func (l *losses) takeAsOwn() { l.own, l.lossy = min(l.smooth, ownMost), false }

// recent is the part of the packets that is lost.
func (l *losses) recent() float64 { return l.smooth }

// excess is what is lost beyond what always is.
func (l *losses) excess() float64 { return max(l.smooth-l.own, 0) }

// grows tells whether losses leave it to the estimate to grow.
func (l *losses) grows() bool { return l.excess() <= max(lossGrows, lossOwn*l.own) }
