// Package functions is the ingest: the two functions api1 and api2, which store samples, and runs, and answer after the
// commit.
//
// Both are the same handler under another name, and differ in how they write, so that the two routes can be compared:
// by default api1 writes directly, one INSERT a request (store.Store is that writer), and api2 commits whatever is
// waiting in one (functions/internal/batch).
//
// functions-framework-go serves the handler, in every place. It has no limits of its own, so those of a request are
// here, and those of a connection are the command's. docs/contract.md has every answer.
package functions

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/functions/internal/stats"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	turnTimeout = 2 * time.Second // for the request's rows to be sent to the database; then store bounds the rest
	retryAfter  = "1"             // seconds
	maxKey      = 64              // characters of an Idempotency-Key
	jsonType    = "application/json"
)

// Writer stores a request and returns after the commit. As long as nothing was sent, it gives up with ctx. Its errors
// are those of store.Insert.
type Writer interface {
	Insert(ctx context.Context, r store.Request) (store.Answer, error)
}

// RunWriter stores a part of a run and returns after the commit, as store.InsertRun does: both routes have the same.
type RunWriter interface {
	InsertRun(ctx context.Context, r run.Run) error
}

// Route is what a handler is made of.
type Route struct {
	API    string        // its name
	Token  service.Token // the bearer token that POST asks for
	Writer Writer
	Runs   RunWriter
	Stats  *stats.Recorder
	Ready  *service.Readiness
	Log    *slog.Logger
	Now    func() time.Time
}

// Handler serves one route.
type Handler struct {
	Route
	memory  *budget
	refused service.LineLimit
	unknown service.LineLimit
}

// New is a route's handler.
func New(r Route) *Handler {
	return &Handler{Route: r, memory: newBudget(maxMemory)}
}

// ServeHTTP answers GET on /health, /ready, /stats and /metrics, and takes runs by POST on /api/runs and samples by POST
// on any other path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service.Recover(h.Log, http.HandlerFunc(h.route)).ServeHTTP(w, r)
}

func (h *Handler) route(w http.ResponseWriter, r *http.Request) {
	if h.Ready.Draining() {
		w.Header().Set("Connection", "close")
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		switch r.URL.Path {
		case "/health":
			service.Health(w, r)
			return
		case "/ready":
			h.Ready.ServeHTTP(w, r)
			return
		case "/stats":
			h.Stats.ServeStats(w, r)
			return
		case "/metrics":
			h.Stats.ServeMetrics(w, r)
			return
		}
	}
	if strings.HasSuffix(r.URL.Path, runsPath) {
		h.ingestRun(w, r)
		return
	}
	h.ingest(w, r)
}

func (h *Handler) ingest(w http.ResponseWriter, r *http.Request) {
	received := h.Now()
	share := share{of: h.memory}
	defer share.giveBack()
	request, fault := h.read(w, r, &share)
	if fault != nil {
		h.count(received, fault)
		fault.write(w)
		return
	}
	request.Recibido = sample.NewRecibido(received)
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	answer, err := h.Writer.Insert(ctx, request)
	if err != nil {
		fault := h.refuse(r.Context(), err)
		h.count(received, fault)
		fault.write(w)
		return
	}
	if answer.Replayed {
		h.Stats.Answered(received)
	} else {
		h.Stats.Stored(received, h.Now(), len(answer.IDs))
	}
	writeStored(w, answer)
}

// count counts an error answer: as an error where the service is to blame.
func (h *Handler) count(received time.Time, f *fault) {
	if f.status < http.StatusInternalServerError || f.left {
		h.Stats.Answered(received)
	} else {
		h.Stats.Failed(received)
	}
}

// read checks everything about a request that can be checked without the database.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, memory *share) (store.Request, *fault) {
	if fault := h.admit(w, r); fault != nil {
		return store.Request{}, fault
	}
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return store.Request{}, newFault(http.StatusBadRequest, "clave_invalida", err.Error())
	}
	body, fault := h.body(w, r, memory)
	if fault != nil {
		return store.Request{}, fault
	}
	samples, err := sample.Decode(body)
	if err != nil {
		return store.Request{}, decodeFault(err)
	}
	request := store.Request{API: h.API, Samples: samples, Key: key}
	if key != "" {
		request.Content = sha256.Sum256(body)
	}
	return request, nil
}

// admit checks what a request's header says.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) *fault {
	w.Header().Set("Connection", "close") // until the body is read: the rest of one would hold a refusal back
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return newFault(http.StatusMethodNotAllowed, "metodo", "samples and runs are sent by POST")
	}
	if !h.Token.AdmitsRequest(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return newFault(http.StatusUnauthorized, "sin_permiso", "the bearer token is missing or wrong")
	}
	if !service.IsJSON(r.Header) {
		return newFault(http.StatusUnsupportedMediaType, "tipo", "the body must be sent as Content-Type: application/json, not compressed")
	}
	return nil
}

// body reads the body of a request that was admitted.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, memory *share) ([]byte, *fault) {
	body, err := readBody(w, r, memory)
	if err != nil {
		if errors.Is(err, errFull) {
			h.refused.Log(h.Log, h.Now(), slog.LevelWarn, "not_stored", err)
		}
		return nil, bodyFault(err)
	}
	if !h.Ready.Draining() {
		w.Header().Del("Connection")
	}
	return body, nil
}

// idempotencyKey is the request's key, or empty without one.
func idempotencyKey(header http.Header) (string, error) {
	values := header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	notVisible := func(c rune) bool { return c <= ' ' || c > '~' }
	if len(values) > 1 || key == "" || len(key) > maxKey || strings.ContainsFunc(key, notVisible) {
		return "", fmt.Errorf("Idempotency-Key must be one value of 1 to %d visible ASCII characters", maxKey)
	}
	return key, nil
}
