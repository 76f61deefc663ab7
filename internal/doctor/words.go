package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// words say how an attempt ended.
func (t Try) words() string {
	if t.Reason != "" {
		return t.Reason
	}
	switch t.Outcome {
	case Works:
		return took(t.Took)
	case Silent:
		return "no answer"
	case Refused:
		return "refused"
	case NoRoute:
		return "no way there from here"
	case Broken:
		return "cut"
	}
	return "not tried"
}

// words say how a request ended.
func (e *Exchange) words() string {
	if e.Status != 0 {
		return fmt.Sprintf("answered %d", e.Status)
	}
	return e.Try.words()
}

// inBrackets is that in a sentence.
func (e *Exchange) inBrackets() string {
	if e.OK() && e.Status == 0 {
		return ""
	}
	return " (" + e.words() + ")"
}

func took(d time.Duration) string {
	if d < time.Millisecond {
		return "under 1 ms"
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// span is a length of time as people say it.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.String()
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func split(doors []Door) (good, bad []Door) {
	for _, d := range doors {
		switch {
		case d.OK():
			good = append(good, d)
		case d.failed():
			bad = append(bad, d)
		}
	}
	return good, bad
}

func doorWords(doors []Door) string {
	var words []string
	for _, d := range doors {
		if d.OK() {
			words = append(words, d.Addr.String())
		} else {
			words = append(words, fmt.Sprintf("%s (%s)", d.Addr, d.words()))
		}
	}
	return strings.Join(words, ", ")
}

func listed(ips []netip.Addr) string {
	var words []string
	for _, ip := range ips {
		words = append(words, ip.String())
	}
	return strings.Join(words, ", ")
}

func include(ips []netip.Addr, ip netip.Addr) []netip.Addr {
	if slices.Contains(ips, ip) {
		return ips
	}
	return append(ips, ip)
}

func orNobody(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	if len(names) > 3 {
		names = append(slices.Clone(names[:3]), "…")
	}
	return strings.Join(names, ", ")
}
