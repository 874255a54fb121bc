// Package site serves the built dashboard from memory. The files are read once, at the start: a request can name only
// what was read, so there is no listing, no way out of the folder and no half-written build; and a page that is open
// during a new build keeps getting files that fit together. The price is their size in memory, under one MiB.
package site

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/pulso-lab/pulso/internal/service"
)

// Cache lifetimes. Names under /assets/ contain a hash of the content, so what they hold never changes.
const (
	cacheForever    = "public, max-age=31536000, immutable"
	cacheRevalidate = "no-cache"
)

const indexPath = "/index.html"

// types are the media types of what the build makes; the machine's own table may say something else.
var types = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

// codings are the content codings that the build writes beside a file, the smallest first.
var codings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// variant is one form of a file as it travels.
type variant struct {
	coding string // empty for the plain form
	etag   string
	body   []byte
}

// file is what one path answers.
type file struct {
	mediaType string
	cache     string
	coded     []variant // in order of preference
	plain     variant   // which every client takes
}

// Site is an http.Handler over the files of one build.
type Site struct {
	files map[string]file // by URL path
}

// Load reads a build. It fails where there is none.
func Load(folder string) (*Site, error) {
	root, err := os.OpenRoot(folder) // symbolic links do not lead out of it either
	if err != nil {
		return nil, fmt.Errorf("has no built dashboard: %w; run `make build`", err)
	}
	defer func() { _ = root.Close() }()

	contents := map[string][]byte{}
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		body, err := root.ReadFile(name)
		contents["/"+name] = body
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if _, ok := contents[indexPath]; !ok {
		return nil, fmt.Errorf("has no index.html in %s; run `make build`", folder)
	}

	s := &Site{files: map[string]file{}}
	for name, body := range contents {
		mediaType, known := types[path.Ext(name)]
		if !known { // the coded variants of others, and nothing that the page asks for
			continue
		}
		f := file{mediaType: mediaType, cache: cacheRevalidate, plain: newVariant("", body)}
		if strings.HasPrefix(name, "/assets/") {
			f.cache = cacheForever
		}
		for _, c := range codings {
			if coded, ok := contents[name+c.suffix]; ok {
				f.coded = append(f.coded, newVariant(c.name, coded))
			}
		}
		s.files[name] = f
	}
	return s, nil
}

// Build names the build: another one has another index.html, as that names the files that it is made of.
func (s *Site) Build() string { return strings.Trim(s.files[indexPath].plain.etag, `"`) }

func newVariant(coding string, body []byte) variant {
	sum := sha256.Sum256(body)
	return variant{coding: coding, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, body: body}
}

// ServeHTTP answers a file, or the page itself where a person's browser asks for one of the page's own paths.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		service.WriteError(w, http.StatusMethodNotAllowed, service.Error{
			Code: "metodo", Message: "only GET and HEAD are answered here",
		})
		return
	}
	f, ok := s.files[r.URL.Path]
	if !ok && isPage(r) {
		f, ok = s.files[indexPath], true
	}
	if !ok {
		w.Header().Set("Cache-Control", "no-store") // an instance of the next build may have it
		service.WriteError(w, http.StatusNotFound, service.Error{
			Code: "no_encontrado", Message: "there is nothing at this path",
		})
		return
	}
	f.serve(w, r)
}

// isPage says whether a path without a file is one that the dashboard itself interprets: a browser navigates to it,
// and it does not look like a file, so that a missing script is a 404 and not a page. Nothing hidden is a page.
func isPage(r *http.Request) bool {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return r.URL.Path == "/"
	}
	return path.Ext(r.URL.Path) == "" && !strings.Contains(r.URL.Path, "/.")
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	v := f.choose(r.Header.Values("Accept-Encoding"))
	h := w.Header()
	h.Set("Cache-Control", f.cache)
	h.Set("ETag", v.etag)
	if len(f.coded) > 0 {
		h.Set("Vary", "Accept-Encoding")
	}
	if matches(r.Header.Values("If-None-Match"), v.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(v.body)))
	if v.coding != "" {
		h.Set("Content-Encoding", v.coding)
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(v.body) // a client that has gone needs no answer
	}
}

// choose is the first variant that the client takes.
func (f file) choose(accept []string) variant {
	for _, v := range f.coded {
		if accepts(accept, v.coding) {
			return v
		}
	}
	return f.plain
}

// accepts reads Accept-Encoding: the coding is named, or * stands for it, with a quality that is not zero.
func accepts(fields []string, coding string) bool {
	named, others := -1.0, -1.0
	for _, item := range list(fields) {
		name, parameter, _ := strings.Cut(item, ";")
		quality := 1.0
		if q, found := strings.CutPrefix(strings.TrimSpace(parameter), "q="); found {
			quality, _ = strconv.ParseFloat(q, 64) // what is not a number refuses the coding, which is always safe
		}
		switch name = strings.TrimSpace(name); {
		case strings.EqualFold(name, coding):
			named = quality
		case name == "*":
			others = quality
		}
	}
	if named >= 0 {
		return named > 0
	}
	return others > 0
}

// matches reads If-None-Match; validators are compared weakly, as RFC 9110 wants it there.
func matches(fields []string, etag string) bool {
	for _, item := range list(fields) {
		if item == "*" || strings.TrimPrefix(item, "W/") == etag {
			return true
		}
	}
	return false
}

// list is the items of a header field whose value is a list. Our tags contain no comma.
func list(fields []string) []string {
	var items []string
	for item := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		items = append(items, strings.TrimSpace(item))
	}
	return items
}
