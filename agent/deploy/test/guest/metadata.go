package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
)

// metadata answers as Compute Engine's metadata server does, with the files of a folder: name, machine-type and attributes/. The
// test changes them while the guest runs.
func metadata(folder string) http.Handler {
	const instance = "GET /computeMetadata/v1/instance/"
	mux := http.NewServeMux()
	mux.HandleFunc(instance+"service-accounts/default/token", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
	})
	mux.HandleFunc(instance+"attributes/{$}", func(w http.ResponseWriter, _ *http.Request) {
		attributes, err := os.ReadDir(folder + "/attributes")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		var names []string
		for _, attribute := range attributes {
			names = append(names, attribute.Name())
		}
		_, _ = w.Write([]byte(strings.Join(names, "\n")))
	})
	mux.Handle(instance, http.StripPrefix("/computeMetadata/v1/instance/", http.FileServerFS(os.DirFS(folder))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") != "Google" {
			http.Error(w, "the header Metadata-Flavor: Google is missing", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
