package edge

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/pulso-lab/pulso/internal/service"
)

// allow refuses a page of another site, and a client too many.
func (s *Server) allow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.sameSite(r):
			service.WriteError(w, http.StatusForbidden, service.Error{Code: "origen", Message: "pages of this site may not read the stream"})
			return
		case opens(r) && s.io.Engine().ClientsCount() >= uint64(s.Clients): //nolint:gosec // a small positive number
			w.Header().Set("Retry-After", "5")
			service.WriteError(w, http.StatusServiceUnavailable, service.Error{Code: "ocupado", Message: "there are too many clients; try again later"})
			return
		}
		s.crossOrigin(w, r)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		// The library would compare it with Host, which behind a proxy is another name.
		r = r.Clone(r.Context())
		r.Header.Del("Origin")
		next.ServeHTTP(w, r)
	})
}

// opens says whether a request begins a session. The library reads the last sid of several.
func opens(r *http.Request) bool {
	sids := r.URL.Query()["sid"]
	return len(sids) == 0 || sids[len(sids)-1] == ""
}

// sameSite says whether a page may connect. Browsers set Origin on every WebSocket and no page can change it; programs
// need not send it.
func (s *Server) sameSite(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.Origins, origin) {
		return true
	}
	from, err := url.Parse(origin)
	// Sandboxed frames and files have no host: `null` parses, and must not equal a header that is not there.
	return err == nil && from.Host != "" && (from.Host == r.Host || from.Host == r.Header.Get("X-Forwarded-Host"))
}

// crossOrigin tells a browser that a page of another origin that was allowed by name may read the answer of a poll.
func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" || !slices.Contains(s.Origins, origin) {
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	w.Header().Add("Vary", "Origin")
}
