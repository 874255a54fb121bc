// Package secure holds the headers that tell a browser what the dashboard may do.
package secure

import (
	"net/http"
	"strings"
)

// policy allows the page exactly what it is made of: files of this origin. 'self' in connect-src covers the WebSocket.
var policy = strings.Join([]string{
	"default-src 'self'",
	"connect-src 'self'",
	"img-src 'self'",
	"style-src 'self'",
	"script-src 'self'",
	"frame-ancestors 'none'",
	"base-uri 'none'",
	"form-action 'none'",
	"object-src 'none'",
}, "; ")

// Headers go with every answer, an error's or a proxied one too.
var Headers = map[string]string{
	"Content-Security-Policy":      policy,
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// transport makes a browser come by https only, for a year. It goes with answers to https, which whoever ends that in
// front of us says; over http a browser must ignore it. Other hosts of the domain are not ours to decide about.
const transport = "max-age=31536000"

// Handler adds the headers to everything that next answers.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range Headers {
			w.Header().Set(name, value)
		}
		if r.Header.Get("X-Forwarded-Proto") == "https" {
			w.Header().Set("Strict-Transport-Security", transport)
		}
		next.ServeHTTP(w, r)
	})
}
