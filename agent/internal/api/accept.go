package api

import (
	"strconv"
	"strings"
)

// format is one of the forms in which /metrics answers.
type format int

const (
	formatJSON format = iota
	formatText
	formatOpenMetrics
)

// negotiate picks the answer's format from the values of the Accept headers. A client gets a Prometheus format only
// when it names it, with a quality no lower than that of JSON; everybody else gets JSON, also those who would accept
// neither: an unexpected format helps them more than a refusal.
//
// text/plain counts only with version=0.0.4. Plain text/plain stands in the defaults of HTTP clients that want JSON
// (axios), and a scraper always sends the version.
func negotiate(accept []string) format {
	json := quality{specificity: -1}
	var text, open float64
	for _, header := range accept {
		for element := range strings.SplitSeq(header, ",") {
			r := parseRange(element)
			switch r.mediaType {
			case "text/plain":
				if r.version == "0.0.4" {
					text = max(text, r.q)
				}
			case "application/openmetrics-text":
				if r.version == "" || r.version == "1.0.0" {
					open = max(open, r.q)
				}
			case "application/json":
				json.take(r.q, 2)
			case "application/*":
				json.take(r.q, 1)
			case "*/*":
				json.take(r.q, 0)
			}
		}
	}
	switch {
	case open > 0 && open >= json.q && open >= text:
		return formatOpenMetrics
	case text > 0 && text >= json.q:
		return formatText
	default:
		return formatJSON
	}
}

// quality is that of the most specific range that covers a type; of two equally specific ones the higher.
type quality struct {
	q           float64
	specificity int
}

func (a *quality) take(q float64, specificity int) {
	switch {
	case specificity > a.specificity:
		a.q, a.specificity = q, specificity
	case specificity == a.specificity:
		a.q = max(a.q, q)
	}
}

// mediaRange is one element of an Accept header.
type mediaRange struct {
	mediaType string // in lower case
	version   string
	q         float64 // 0 to 1
}

// parseRange reads one element; a quality that is no number from 0 to 1 counts as 0, so that garbage asks for
// nothing.
func parseRange(element string) mediaRange {
	mediaType, rest, _ := strings.Cut(element, ";")
	r := mediaRange{mediaType: strings.ToLower(strings.TrimSpace(mediaType)), q: 1}
	for parameter := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "version":
			r.version = value
		case "q":
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || !(q >= 0 && q <= 1) { // not NaN either
				q = 0
			}
			r.q = q
		}
	}
	return r
}
