package doctor

// State is what is said of a thing that was looked at.
type State string

const (
	Well    State = "works"
	Ill     State = "fails"
	Skipped State = "untried"
)

// Check is one line of a report.
type Check struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"`
}

// Finding is something to be mended, or with Note something to know.
type Finding struct {
	Code   string `json:"code"`
	Cause  string `json:"cause"`
	Remedy string `json:"remedy"`
	Line   string `json:"line,omitempty"` // of the configuration
	Note   bool   `json:"note,omitempty"`
}

// Report is a diagnosis, the likeliest cause first.
type Report struct {
	URL      string    `json:"url"`
	OK       bool      `json:"ok"` // there is nothing to be mended
	Checks   []Check   `json:"checks"`
	Findings []Finding `json:"findings"`
}

// Has says whether a code was found.
func (r *Report) Has(code string) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

func (r *Report) check(name string, state State, detail string) {
	r.Checks = append(r.Checks, Check{name, state, detail})
}

func (r *Report) find(f Finding) { r.Findings = append(r.Findings, f) }

// skip is a check for which there was no occasion.
func (r *Report) skip(why string, names ...string) {
	for _, name := range names {
		r.check(name, Skipped, why)
	}
}

// Codes are all there are, in the order of docs/doctor.md, which explains each.
func Codes() []string {
	return []string{
		"unknown_host", "unreachable", "not_running", "port_taken", "port_forbidden", "not_parlor", "ipv6_half", "address_dead",
		"not_tls", "certificate_expired", "certificate_early", "certificate_name", "certificate_untrusted", "insecure",
		"clock", "origin", "host_header", "websocket_stripped", "websocket_blocked", "stream_buffered", "stream_blocked", "post_blocked",
		"token_missing", "token_refused", "server_refuses", "external_ip", "external_unseen", "private_only", "udp_closed", "tcp_closed",
		"turn_closed", "turn_certificate", "turn_secret", "turn_full", "turn_denied", "turn_off", "chromium_port",
	}
}
