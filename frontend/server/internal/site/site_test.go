package site

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const html = "text/html,application/xhtml+xml,*/*;q=0.8" // what a browser sends when it navigates

// build writes a dashboard as the build makes it, with a secret beside it.
func build(t *testing.T) string {
	t.Helper()
	parent := t.TempDir()
	folder := filepath.Join(parent, "dist")
	for name, body := range map[string]string{
		"../secret.html":           "secret",
		"index.html":               "<!doctype html>",
		"index.html.gz":            "gz index",
		"assets/index-a1b2.js":     "plain script",
		"assets/index-a1b2.js.gz":  "gz script",
		"assets/index-a1b2.js.br":  "br script",
		"assets/index-a1b2.js.map": "a source map that nobody serves",
		"favicon.svg":              "<svg/>",
		".env.html":                "hidden",
		".git/config.json":         "hidden",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(parent, "secret.html"), filepath.Join(folder, "link.html")); err == nil {
		// A link out of the folder makes the build unreadable rather than the secret readable.
		if _, err := Load(folder); err == nil {
			t.Error("a link that leads out of the folder was followed")
		}
		if err := os.Remove(filepath.Join(folder, "link.html")); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func load(t *testing.T) *Site {
	t.Helper()
	s, err := Load(build(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, s *Site, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL.Path = path // as it is, also where a client would have cleaned it
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestCaches(t *testing.T) {
	s := load(t)
	for path, want := range map[string]struct{ cache, mediaType string }{
		"/":                     {"no-cache", "text/html; charset=utf-8"},
		"/index.html":           {"no-cache", "text/html; charset=utf-8"},
		"/favicon.svg":          {"no-cache", "image/svg+xml"},
		"/assets/index-a1b2.js": {"public, max-age=31536000, immutable", "text/javascript; charset=utf-8"},
	} {
		r := get(t, s, path)
		if got := r.Header().Get("Cache-Control"); r.Code != http.StatusOK || got != want.cache {
			t.Errorf("%s: %d with Cache-Control %q, want 200 with %q", path, r.Code, got, want.cache)
		}
		if got := r.Header().Get("Content-Type"); got != want.mediaType {
			t.Errorf("%s: Content-Type %q, want %q", path, got, want.mediaType)
		}
	}
}

func TestCodings(t *testing.T) {
	s := load(t)
	for _, c := range []struct{ path, accept, coding, body string }{
		{"/assets/index-a1b2.js", "", "", "plain script"},
		{"/assets/index-a1b2.js", "gzip, deflate, br, zstd", "br", "br script"},
		{"/assets/index-a1b2.js", "GZIP;q=0.5", "gzip", "gz script"},
		{"/assets/index-a1b2.js", "br;q=0, *", "gzip", "gz script"},
		{"/assets/index-a1b2.js", "br;q=0,gzip;q=0", "", "plain script"},
		{"/assets/index-a1b2.js", "identity, *;q=0", "", "plain script"},
		{"/assets/index-a1b2.js", "br;q=much", "", "plain script"},
		{"/", "br, gzip", "gzip", "gz index"},
	} {
		r := get(t, s, c.path, "Accept-Encoding", c.accept)
		if got := r.Header().Get("Content-Encoding"); got != c.coding {
			t.Errorf("%s with %q: coding %q, want %q", c.path, c.accept, got, c.coding)
		}
		if r.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s with %q: Vary is %q", c.path, c.accept, r.Header().Get("Vary"))
		}
		if got := r.Body.String(); got != c.body {
			t.Errorf("%s with %q: body %q, want %q", c.path, c.accept, got, c.body)
		}
	}
}

func TestRevalidation(t *testing.T) {
	s := load(t)
	plain := get(t, s, "/").Header().Get("ETag")
	coded := get(t, s, "/", "Accept-Encoding", "gzip").Header().Get("ETag")
	if plain == coded {
		t.Errorf("both codings have the tag %s", plain)
	}
	for _, known := range []string{plain, "W/" + plain, `"other", ` + plain, "*"} {
		r := get(t, s, "/", "If-None-Match", known)
		if r.Code != http.StatusNotModified || r.Header().Get("ETag") != plain {
			t.Errorf("If-None-Match %s: %d with tag %q", known, r.Code, r.Header().Get("ETag"))
		}
	}
	if r := get(t, s, "/", "If-None-Match", coded); r.Code != http.StatusOK {
		t.Errorf("the other coding's tag: %d", r.Code)
	}
}

func TestPages(t *testing.T) {
	s := load(t)
	for _, c := range []struct {
		path, accept string
		want         int
	}{
		{"/vm/vm-1", html, 200},
		{"/vm/vm-1", "*/*", 404},
		{"/vm/vm-1", "application/json", 404},
		{"/assets/index-old.js", html, 404},
		{"/assets/index-a1b2.js.map", html, 404},
		{"/assets/index-a1b2.js.gz", html, 404},
		{"/assets", "", 404},
		{"/.env.html", html, 404},
		{"/.env", html, 404},
		{"/.git/config.json", html, 404},
		{"/.git/HEAD", html, 404},
		{"/../secret.html", html, 404},
		{"/assets/../../secret.html", html, 404},
		{"/..%2fsecret.html", html, 404},
		{`/..\secret.html`, html, 404},
		{"//etc/passwd", "", 404},
		{"/index.html\x00.js", "", 404},
	} {
		r := get(t, s, c.path, "Accept", c.accept)
		if r.Code != c.want {
			t.Errorf("%s for %q: %d, want %d", c.path, c.accept, r.Code, c.want)
			continue
		}
		if c.want == http.StatusOK {
			continue
		}
		var e struct {
			Code    string `json:"error"`
			Message string `json:"mensaje"`
		}
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || e.Code != "no_encontrado" || e.Message == "" {
			t.Errorf("%s: error %+v, %v", c.path, e, err)
		}
		if got := r.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", c.path, got)
		}
	}
}

func TestMethods(t *testing.T) {
	s := load(t)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/", nil))
	if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "15" {
		t.Errorf("HEAD: %d with %d bytes, Content-Length %s", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestLoadSaysWhatToDo(t *testing.T) {
	for _, folder := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if _, err := Load(folder); err == nil || !strings.Contains(err.Error(), "make build") {
			t.Errorf("%s: %v does not say to run make build", folder, err)
		}
	}
}
