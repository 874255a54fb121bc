package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
)

const (
	renderer     = "frontend/dist-report/report.js"
	maxDocument  = 64 << 20 // bytes
	fetchTimeout = time.Minute
)

// dashboard is where runs are asked for.
type dashboard struct{ url, token string }

// identifier is a run's id. A file of such a name is found with a path before it.
var identifier = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{8}$`)

// open reads a run: of a file, or by its id.
func (d dashboard) open(ctx context.Context, name string) (run.Run, error) {
	read := os.ReadFile
	if identifier.MatchString(name) {
		read = func(id string) ([]byte, error) { return d.fetch(ctx, id) }
	}
	document, err := read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return run.Run{}, fmt.Errorf("%s is neither a file nor the id of a run, like 20261130-184237-3f9c2a1b", name)
	}
	if err != nil {
		return run.Run{}, err
	}
	r, err := run.Decode(document)
	if err != nil {
		return r, fmt.Errorf("%s is not a run: %w", name, err)
	}
	return r, nil
}

func (d dashboard) fetch(ctx context.Context, id string) ([]byte, error) {
	at := strings.TrimSuffix(cmp.Or(d.url, "http://127.0.0.1:8000"), "/")
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/runs/"+id, nil) //nolint:gosec // where the user says
	if err != nil {
		return nil, fmt.Errorf("PULSO_URL: %w", err)
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // where the user says
	if err != nil {
		return nil, fmt.Errorf("ask the dashboard for run %s (does it run? PULSO_URL says where): %w", id, err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(response.Body, maxDocument))
	case http.StatusNotFound:
		return nil, fmt.Errorf("the dashboard at %s has no run %s", at, id)
	case http.StatusUnauthorized:
		return nil, fmt.Errorf("the dashboard at %s asks for its token: set PULSO_SOCKET_TOKEN", at)
	default:
		return nil, fmt.Errorf("the dashboard at %s answers %s for run %s", at, response.Status, id)
	}
}

// page renders the HTML.
func page(ctx context.Context, all []Judged) ([]byte, error) {
	if _, err := os.Stat(renderer); err != nil {
		return nil, fmt.Errorf("%w: run `make build` first, and this in the root of the checkout", err)
	}
	input, err := json.Marshal(all)
	if len(all) == 1 {
		input, err = json.Marshal(all[0])
	}
	if err != nil {
		return nil, err
	}
	var html, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, "node", renderer)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &html, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("render the page: %w\n%s", err, complaint.Bytes())
	}
	return html.Bytes(), nil
}
