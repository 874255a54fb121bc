package api

import (
	"net/http"
	"testing"
)

func TestNegotiate(t *testing.T) {
	const (
		chrome     = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
		prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
		protobuf   = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
	)
	for accept, want := range map[string]format{
		"":                             formatJSON,
		"*/*":                          formatJSON,
		chrome:                         formatJSON,
		prometheus:                     formatOpenMetrics,
		protobuf:                       formatText,
		"application/json":             formatJSON,
		"image/png":                    formatJSON, // nothing fits: JSON rather than a refusal
		"text/plain":                   formatJSON, // without its version it is nobody's wish
		"text/*;version=0.0.4":         formatJSON,
		"text/plain;version=0.0.3":     formatJSON,
		"text/plain;version=0.0.4":     formatText,
		"text/plain; version=0.0.4 ":   formatText,
		"TEXT/Plain;Version=0.0.4":     formatText,
		`text/plain;version="0.0.4"`:   formatText,
		"application/openmetrics-text": formatOpenMetrics,
		"application/openmetrics-text;version=1.0.0": formatOpenMetrics,
		"application/openmetrics-text;version=2.0.0": formatJSON,
		"application/openmetrics-text;version=0.0.1": formatJSON,

		"application/json, text/plain, */*":                                     formatJSON, // axios
		"application/json, text/plain;version=0.0.4":                            formatText, // at least JSON's quality
		"application/json, text/plain;version=0.0.4;q=0.9":                      formatJSON,
		"application/json;q=0.8, text/plain;version=0.0.4;q=0.9":                formatText,
		"text/plain;version=0.0.4;q=0.5, */*":                                   formatJSON, // */* covers JSON with 1
		"text/plain;version=0.0.4;q=0.5, */*, application/json;q=0.1":           formatText, // the specific range counts
		"text/plain;version=0.0.4;q=0.5, application/*;q=0.6":                   formatJSON,
		"text/plain;version=0.0.4, application/openmetrics-text":                formatOpenMetrics,
		"text/plain;version=0.0.4, application/openmetrics-text;q=0.9":          formatText,
		"text/plain;version=0.0.4;q=0":                                          formatJSON,
		"text/plain;version=0.0.4;q=0.0, application/json;q=0":                  formatJSON,
		"text/plain;version=0.0.4;q=abc":                                        formatJSON,
		"text/plain;version=0.0.4;q=NaN":                                        formatJSON,
		"text/plain;version=0.0.4;q=-1":                                         formatJSON,
		"text/plain;version=0.0.4;q=1e9":                                        formatJSON,
		"text/plain;version=0.0.4;q=":                                           formatJSON,
		";;;,,,;q=1,=,/":                                                        formatJSON,
		"\x00\xff,text/plain;version=0.0.4;q=1;;;":                              formatText,
		"application/openmetrics-text;q=0.2,application/openmetrics-text;q=0.9": formatOpenMetrics,
	} {
		if got := negotiate([]string{accept}); got != want {
			t.Errorf("%q: format %d, want %d", accept, got, want)
		}
	}
	if got := negotiate(nil); got != formatJSON {
		t.Errorf("no header: format %d", got)
	}
	two := http.Header{}
	two.Add("Accept", "application/json;q=0.5")
	two.Add("Accept", "text/plain;version=0.0.4")
	if got := negotiate(two["Accept"]); got != formatText {
		t.Errorf("two headers: format %d", got)
	}
}
