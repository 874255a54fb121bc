package build_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	project = "my-project-123456"
	region  = "us-central1"
	buildID = "0e8b2f6c-5f0a-4a53-9a6d-3b7f1c2d4e5f"
)

// TestMain names what this machine lacks, once: no test does without it.
func TestMain(m *testing.M) {
	lacks := 0
	for tool, cure := range map[string]string{
		"gcloud": "https://cloud.google.com/sdk/docs/install", "kubectl": "gcloud components install kubectl, or https://kubernetes.io/docs/tasks/tools",
		"curl": "apt-get install curl", "make": "apt-get install make", "npm": "https://nodejs.org/en/download",
	} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Fprintf(os.Stderr, "these tests need %s: %s\n", tool, cure)
			lacks++
		}
	}
	if lacks > 0 {
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// google stands for the APIs of Google Cloud that the real gcloud is pointed at. What is asked of it and has no handler is
// answered 404, and fails the test.
type google struct {
	*httptest.Server
	mux *http.ServeMux

	mu       sync.Mutex
	requests []string
}

func newGoogle(t *testing.T) *google {
	t.Helper()
	g := &google{mux: http.NewServeMux()}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.requests = append(g.requests, r.Method+" "+r.URL.RequestURI())
		g.mu.Unlock()
		if _, pattern := g.mux.Handler(r); pattern == "" {
			t.Errorf("nobody answers %s %s", r.Method, r.URL.RequestURI())
		}
		g.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// handle answers what has this method and path with a JSON value.
func (g *google) handle(pattern string, answer func(r *http.Request, body []byte) (status int, value any)) {
	g.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		status, value := answer(r, body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(value)
	})
}

// environment is what makes gcloud, kubectl and curl know nobody but g.
func (g *google) environment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	environment := []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "CLOUDSDK_CONFIG=" + home + "/gcloud", "CLOUDSDK_AUTH_ACCESS_TOKEN=ya29.test",
		"CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=1", "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=1", "CURL_HOME=" + home,
	}
	for api, path := range map[string]string{ // as their real addresses end
		"CLOUDBUILD": "cloudbuild/", "STORAGE": "storage/v1/", "SQL": "", "CONTAINER": "container/", "COMPUTE": "compute/v1/",
	} {
		environment = append(environment, "CLOUDSDK_API_ENDPOINT_OVERRIDES_"+api+"="+g.URL+"/"+path)
	}
	// Cloud Run's address has the region before its name. Nobody knows this name but the proxy, which g is as well.
	return append(environment, "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN=http://run.test/", "http_proxy="+g.URL, "no_proxy=127.0.0.1")
}

// run runs a program in a folder, and returns what it says.
func run(t *testing.T, dir string, environment []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env, c.WaitDelay = dir, environment, time.Second
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return out.String(), err
}
