package system

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	neturl "net/url"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
)

const entryName = "the entry point"

// idle is how long the entry point keeps a connection that nothing uses. A route keeps one that was never used for 5 s, and
// there are such: net/http dials for a request that then takes another connection, which has become free. A request that
// takes one in the moment in which its route closes it is lost, so the entry point is the first to let go.
const idle = 3 * time.Second

// entry shares requests out between the two routes, one by one in turn; parts of runs in a turn of their own, so that both
// get as many samples. In the cloud the gateway does it, by weight.
func entry(api1, api2 string, log *slog.Logger) (http.Handler, error) {
	var routes [2]http.Handler
	for i, target := range []string{api1, api2} {
		to, err := neturl.Parse(target)
		if err != nil {
			return nil, err
		}
		routes[i] = &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
			Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: idle}, // as many as there are users
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
				log.Warn("no answer from the route", "route", to.Host, "error", err)
				service.WriteError(w, http.StatusBadGateway, service.Error{
					Code: "desconocido", Message: "the route gave no answer: send the samples again with the same Idempotency-Key",
				})
			},
		}
	}
	var samples, runs atomic.Uint64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn := &samples
		if r.URL.Path == "/api/runs" {
			turn = &runs
		}
		routes[turn.Add(1)%2].ServeHTTP(w, r)
	}), nil
}
