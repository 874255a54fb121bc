package service

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"
)

// IsJSON says whether a body is sent as JSON in UTF-8, and not compressed. A page of another origin cannot say so without
// being asked first whether it may.
func IsJSON(header http.Header) bool {
	const jsonType = "application/json"
	if header.Get("Content-Encoding") != "" {
		return false
	}
	if header.Get("Content-Type") == jsonType { // as nearly everybody says it, and parsing takes its time
		return true
	}
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := strings.ToLower(parameters["charset"])
	return err == nil && mediaType == jsonType && (charset == "" || charset == "utf-8")
}

// LongBody passes requests on whose bodies may take as long as timeout to arrive, for those that are larger than what Serve
// gives a body its time for. A body that is still on its way when ctx ends is given up, so that it does not hold the drain.
func LongBody(ctx context.Context, timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			control := http.NewResponseController(w)
			_ = control.SetReadDeadline(time.Now().Add(timeout)) // always supported by Serve
			defer context.AfterFunc(ctx, func() { _ = control.SetReadDeadline(time.Now()) })()
		}
		next.ServeHTTP(w, r)
	})
}
