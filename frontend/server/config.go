package main

import (
	"net/http"

	"github.com/pulso-lab/pulso/internal/service"
)

// config is what the page cannot know from its own files; it asks for it while it is open.
type config struct {
	Build   string `json:"build"`   // of the pages that are served now: a page that knew another one is outdated
	Local   bool   `json:"local"`   // the whole system runs on one machine, as `make demo` starts it
	Version string `json:"version"` // of this server, for who asks what is deployed
}

func (c config) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	service.WriteJSON(w, http.StatusOK, c)
}
