package service

import (
	"context"
	"net/http"
	"time"
)

// farewell is how long a client may take what was written before the end; one that takes nothing would hold the drain.
const farewell = 2 * time.Second

// Until passes requests on whose contexts end with ctx, too: for answers that would outlast the drain.
func Until(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ctx, func() {
			cancel()
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(farewell)) // always supported by Serve
		})()
		next.ServeHTTP(w, r.WithContext(open))
	})
}
