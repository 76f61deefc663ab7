package peerjs

import "time"

// queue is what waits for one who is not here.
type queue struct {
	began  time.Time
	frames []waiting
	bytes  int
}

// waiting is a message in a queue, ready to be sent.
type waiting struct {
	src   string
	frame []byte
}

func (q *queue) add(src string, frame []byte) {
	q.frames = append(q.frames, waiting{src, frame})
	q.bytes += len(frame)
}

// sources are who sent what waits, each once.
func (q *queue) sources() []string {
	var all []string
	seen := map[string]bool{}
	for _, w := range q.frames {
		if !seen[w.src] {
			seen[w.src] = true
			all = append(all, w.src)
		}
	}
	return all
}
