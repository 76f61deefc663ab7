// Package metrics counts what a server does and serves the counts to Prometheus.
//
// It knows names and numbers. It does not know what they mean: packages with a hot path keep their own
// atomics and register a function here that reads them.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// Metrics are the counts of one server. A nil *Metrics counts nothing, so that tests need none.
type Metrics struct {
	registry *prometheus.Registry
	refused  *prometheus.CounterVec
	dropped  *prometheus.CounterVec
}

// New returns counts at zero, with those of the Go runtime and the process beside them.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parlor_refused_total",
			Help: "What peers asked for and did not get, by the cap or rule that refused it.",
		}, []string{"code"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parlor_dropped_total",
			Help: "What was given up on the way, by reason.",
		}, []string{"reason"}),
	}
	m.registry.MustRegister(m.refused, m.dropped,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the counts in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Refused counts one refusal. Codes come from our own source, never from a peer, so their number is bounded.
func (m *Metrics) Refused(code string) {
	if m != nil {
		m.refused.WithLabelValues(code).Inc()
	}
}

// RefusedCount is how often code was refused so far.
func (m *Metrics) RefusedCount(code string) float64 {
	if m == nil {
		return 0
	}
	return value(m.refused.WithLabelValues(code))
}

// Dropped counts one thing given up. Reasons come from our own source.
func (m *Metrics) Dropped(reason string) {
	if m != nil {
		m.dropped.WithLabelValues(reason).Inc()
	}
}

// DroppedCount is how often something was dropped for this reason so far.
func (m *Metrics) DroppedCount(reason string) float64 {
	if m == nil {
		return 0
	}
	return value(m.dropped.WithLabelValues(reason))
}

// Counter registers a count that only rises and is read by f at each scrape.
func (m *Metrics) Counter(name, help string, f func() float64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f))
	}
}

// Gauge registers a value that rises and falls and is read by f at each scrape.
func (m *Metrics) Gauge(name, help string, f func() float64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
}

func value(c prometheus.Counter) float64 {
	var out dto.Metric
	if err := c.Write(&out); err != nil {
		return 0
	}
	return out.GetCounter().GetValue()
}
