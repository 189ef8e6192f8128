package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/writ-iam/writ/internal/store"
	"github.com/writ-iam/writ/internal/webhook"
)

// metrics are a server's own, not those of the process, so that two servers in one process do not mix.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	sent     *prometheus.CounterVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "writ_calls_total", Help: "API calls by service, operation and HTTP status.",
		}, []string{"service", "operation", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "writ_call_seconds", Help: "How long API calls took.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 8),
		}, []string{"service"}),
	}
	m.sent = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "writ_webhook_attempts_total", Help: "Attempts of this server to deliver to webhooks, by outcome.",
	}, []string{"outcome"})
	for _, outcome := range []webhook.Outcome{webhook.Delivered, webhook.Failed, webhook.Dead} {
		m.sent.WithLabelValues(string(outcome)) // which is 0 before there is one
	}
	count := func(prefix string) func() float64 {
		return func() (n float64) {
			for range s.live.Current().List(prefix, "") {
				n++
			}
			return n
		}
	}
	status := func(value func(store.Status) float64) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			st, err := s.store.Status(ctx)
			if err != nil {
				return -1
			}
			return value(st)
		}
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(m.calls, m.took, m.sent,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("writ_snapshot_revision", "Revision of the state that decisions are made on.",
			func() float64 { return float64(s.live.Current().Revision) }),
		gauge("writ_snapshot_stale", "1 if the snapshot does not follow the store.", func() float64 {
			if s.live.Err() != nil {
				return 1
			}
			return 0
		}),
		gauge("writ_store_bytes", "Size of the store's database; -1 if the store does not answer.",
			status(func(st store.Status) float64 { return float64(st.Size) })),
		gauge("writ_store_quota_bytes", "Size that the store's database may have.",
			status(func(st store.Status) float64 { return float64(st.Quota) })),
		gauge("writ_webhook_pending", "Deliveries to webhooks that will be attempted, of the whole store.", count("delivery/")),
		gauge("writ_webhook_dead_letters", "Dead letters of webhooks, of the whole store.", count("deadletter/")),
		gauge("writ_store_alarms", "Number of the store's alarms.",
			status(func(st store.Status) float64 { return float64(len(st.Alarms)) })),
	)
	return m
}

// observe counts a call. The operation is one that is served, or "": of others, callers could make as many as they
// like.
func (m *metrics) observe(service, operation string, status int, took time.Duration) {
	m.calls.WithLabelValues(service, operation, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(service).Observe(took.Seconds())
}

// delivered counts an attempt to deliver to a webhook.
func (m *metrics) delivered(outcome webhook.Outcome) { m.sent.WithLabelValues(string(outcome)).Inc() }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
