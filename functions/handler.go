// Package functions is the ingest: the two functions api1 and api2, which store samples and answer after the commit.
//
// Both are the same handler under another name; they differ in how they write, so that the two routes can be
// compared. For now both write directly: one INSERT, or with an Idempotency-Key one short transaction, a request.
//
// functions-framework-go serves the handler. It has no limits, deadlines or graceful shutdown of its own, so those
// are here. docs/contract.md has every answer.
package functions

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	bodyTimeout  = 10 * time.Second // for the whole body to arrive
	storeTimeout = 8 * time.Second  // for the database, waiting for a connection included; a drain waits this long
	readyTimeout = 2 * time.Second
	retryAfter   = "1" // seconds
	maxKey       = 64  // characters of an Idempotency-Key
)

// Store is where the samples go.
type Store interface {
	Insert(ctx context.Context, r store.Request) (store.Answer, error)
	Ping(ctx context.Context) error
}

// Handler is one route.
type Handler struct {
	api      string
	token    [sha256.Size]byte // digest of the bearer token; of nothing where none is asked for
	open     bool              // no token is asked for
	store    Store
	log      *slog.Logger
	now      func() time.Time
	ready    *service.Readiness
	inFlight atomic.Int64
}

// New is the route named api. An empty token lets everybody in.
func New(api, token string, s Store, log *slog.Logger, now func() time.Time) *Handler {
	h := &Handler{api: api, token: sha256.Sum256([]byte(token)), open: token == "", store: s, log: log, now: now}
	h.ready = service.NewReadiness(func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		return s.Ping(ctx)
	})
	return h
}

// ServeHTTP answers `GET /health` and `GET /ready`, and takes samples by POST on any path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.inFlight.Add(1)
	defer h.inFlight.Add(-1)
	if h.ready.Draining() {
		w.Header().Set("Connection", "close")
	}
	isGet := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case isGet && r.URL.Path == "/health":
		service.Health(w, r)
	case isGet && r.URL.Path == "/ready":
		h.ready.ServeHTTP(w, r)
	default:
		h.ingest(w, r)
	}
}

// Drain makes the route unready and waits, no longer than ctx, until every request is answered. Requests that
// arrive meanwhile are still served: a load balancer notices late.
func (h *Handler) Drain(ctx context.Context) error {
	h.ready.Drain()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for h.inFlight.Load() > 0 {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("%d requests were cut off", h.inFlight.Load())
		}
	}
	return nil
}

// stored is the answer to a request whose samples are committed.
type stored struct {
	API        string  `json:"api"`
	Insertados int     `json:"insertados"`
	IDs        []int64 `json:"ids"`
}

func (h *Handler) ingest(w http.ResponseWriter, r *http.Request) {
	received := h.now()
	request, fault := h.read(w, r)
	if fault != nil {
		fault.write(w)
		return
	}
	request.Recibido = sample.NewRecibido(received)
	// A client that leaves does not stop its INSERT: the connection would be lost with it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	answer, err := h.store.Insert(ctx, request)
	if err != nil {
		h.refuse(err).write(w)
		return
	}
	service.WriteJSON(w, http.StatusCreated, stored{API: answer.API, Insertados: len(answer.IDs), IDs: answer.IDs})
}

// read checks everything about a request that can be checked without the database.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (store.Request, *fault) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return store.Request{}, newFault(http.StatusMethodNotAllowed, "metodo", "samples are sent by POST")
	}
	if !h.authorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return store.Request{}, newFault(http.StatusUnauthorized, "sin_permiso", "the bearer token is missing or wrong")
	}
	if !isJSON(r.Header) {
		return store.Request{}, newFault(http.StatusUnsupportedMediaType, "tipo", "the body must be sent as Content-Type: application/json, not compressed")
	}
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return store.Request{}, newFault(http.StatusBadRequest, "clave_invalida", err.Error())
	}
	body, err := readBody(w, r, h.now)
	if err != nil {
		return store.Request{}, bodyFault(err)
	}
	samples, err := sample.Decode(body)
	if err != nil {
		return store.Request{}, decodeFault(err)
	}
	return store.Request{API: h.api, Samples: samples, Key: key, Content: sha256.Sum256(body)}, nil
}

func (h *Handler) authorized(r *http.Request) bool {
	if h.open {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	digest := sha256.Sum256([]byte(token)) // digests have one length, so that the comparison tells nothing
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(digest[:], h.token[:]) == 1
}

func isJSON(header http.Header) bool {
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := strings.ToLower(parameters["charset"])
	return err == nil && mediaType == "application/json" && (charset == "" || charset == "utf-8") &&
		header.Get("Content-Encoding") == ""
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

// readBody reads at most sample.MaxBody bytes, and waits for them no longer than bodyTimeout.
func readBody(w http.ResponseWriter, r *http.Request, now func() time.Time) ([]byte, error) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(now().Add(bodyTimeout)); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sample.MaxBody))
	if err != nil {
		return nil, err
	}
	return body, control.SetReadDeadline(time.Time{})
}

// fault is an error answer.
type fault struct {
	status int
	body   service.Error
}

func newFault(status int, code, message string) *fault {
	return &fault{status: status, body: service.Error{Code: code, Message: message}}
}

func (f *fault) write(w http.ResponseWriter) {
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	service.WriteError(w, f.status, f.body)
}

func bodyFault(err error) *fault {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return newFault(http.StatusRequestEntityTooLarge, "demasiado_grande", fmt.Sprintf("the body is over %d bytes", sample.MaxBody))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return newFault(http.StatusRequestTimeout, "lento", fmt.Sprintf("the body did not arrive within %s", bodyTimeout))
	}
	return newFault(http.StatusBadRequest, "json_invalido", "the body could not be read to its end")
}

func decodeFault(err error) *fault {
	if errors.Is(err, sample.ErrTooMany) {
		return newFault(http.StatusRequestEntityTooLarge, "demasiado_grande", err.Error())
	}
	if fields, ok := errors.AsType[*sample.FieldError](err); ok {
		f := newFault(http.StatusBadRequest, "muestra_invalida", err.Error())
		f.body.Fields = fields.Faults
		return f
	}
	return newFault(http.StatusBadRequest, "json_invalido", err.Error())
}

// refuse turns an error of the store into an answer, and keeps the cause for the log.
func (h *Handler) refuse(err error) *fault {
	switch {
	case errors.Is(err, store.ErrKeyReused):
		return newFault(http.StatusUnprocessableEntity, "clave_repetida", err.Error())
	case errors.Is(err, store.ErrNotStored):
		h.log.Warn("not stored", "error", err)
		return newFault(http.StatusServiceUnavailable, "no_disponible", "the database did not take the samples; nothing was stored")
	default:
		h.log.Error("outcome unknown", "error", err)
		return newFault(http.StatusInternalServerError, "desconocido", "it is not known whether the samples were stored: send them again with the same Idempotency-Key")
	}
}
