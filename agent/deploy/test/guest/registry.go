package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// registry serves, read-only and to whoever shows the token, the images of an OCI layout, as far as a pull needs it:
// the manifest of /v2/NAME/manifests/TAG is that of the layout's image TAG.
func registry(layout string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/{$}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /v2/{path...}", func(w http.ResponseWriter, r *http.Request) {
		rest, reference := filepath.Split(r.PathValue("path"))
		kind := filepath.Base(rest)
		var found descriptor
		var err error
		if kind == "manifests" {
			found, err = manifest(layout, reference)
		} else {
			found = descriptor{MediaType: "application/octet-stream", Digest: reference}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", found.MediaType)
		w.Header().Set("Docker-Content-Digest", found.Digest)
		http.ServeFile(w, r, filepath.Join(layout, "blobs", strings.Replace(found.Digest, ":", "/", 1)))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "oauth2accesstoken" || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, "show the token", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Annotations map[string]string `json:"annotations"`
}

// manifest finds an image of the layout by its tag or its digest.
func manifest(layout, reference string) (descriptor, error) {
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	content, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err = errors.Join(err, json.Unmarshal(content, &index)); err != nil {
		return descriptor{}, err
	}
	for _, m := range index.Manifests {
		if m.Digest == reference || m.Annotations["org.opencontainers.image.ref.name"] == reference {
			return m, nil
		}
	}
	return descriptor{}, fs.ErrNotExist
}
