// Package functions is the ingest: the two functions api1 and api2, which store samples and answer after the commit.
//
// Both are the same handler under another name; they differ in how they write, so that the two routes can be
// compared. For now both write directly: one INSERT, or with an Idempotency-Key one short transaction, a request.
//
// functions-framework-go serves the handler. It has no limits, deadlines or graceful shutdown of its own, so those
// are here; only the time that a client takes for its headers is out of reach, and is the load balancer's to bound.
// docs/contract.md has every answer.
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
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	bodyTimeout  = 10 * time.Second // for the whole body to arrive
	storeTimeout = 8 * time.Second  // for the database, waiting for a connection included; a drain waits this long
	lameDuck     = 2 * time.Second  // how long a drain goes on serving under steady traffic
	retryAfter   = "1"              // seconds
	maxKey       = 64               // characters of an Idempotency-Key
)

// Store is where the samples go.
type Store interface {
	Insert(ctx context.Context, r store.Request) (store.Answer, error)
	Ping(ctx context.Context) error
}

// Handler is one route.
type Handler struct {
	api    string
	token  [sha256.Size]byte // digest of the bearer token
	open   bool              // no token is asked for
	store  Store
	log    *slog.Logger
	now    func() time.Time
	ready  *service.Readiness
	writes gate
}

// New is the route named api. An empty token lets everybody in.
func New(api, token string, s Store, log *slog.Logger, now func() time.Time) *Handler {
	return &Handler{
		api: api, token: sha256.Sum256([]byte(token)), open: token == "", store: s, log: log, now: now,
		ready: service.NewReadiness(s.Ping),
	}
}

// ServeHTTP answers `GET /health` and `GET /ready`, and takes samples by POST on any path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service.Recover(h.log, http.HandlerFunc(h.route)).ServeHTTP(w, r)
}

func (h *Handler) route(w http.ResponseWriter, r *http.Request) {
	if h.ready.Draining() {
		w.Header().Set("Connection", "close")
	}
	// Before anything else: net/http itself reads what a refused request has not sent yet.
	if err := http.NewResponseController(w).SetReadDeadline(h.now().Add(bodyTimeout)); err != nil {
		h.log.Error("no_read_deadline", "error", err)
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

// Drain makes the route unready, goes on serving for a moment, because a load balancer notices late, and then
// refuses what comes and waits, no longer than ctx, until every request that it took is answered. Requests whose body
// is still on its way are not taken: nothing of them is stored.
func (h *Handler) Drain(ctx context.Context) error {
	h.ready.Drain()
	if left := h.writes.close(ctx, lameDuck); left > 0 {
		return fmt.Errorf("%d requests were cut off", left)
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
	if !h.writes.enter() {
		newFault(http.StatusServiceUnavailable, "no_disponible", "this instance is shutting down; nothing was stored").write(w)
		return
	}
	defer h.writes.leave()
	request.Recibido = sample.NewRecibido(received)
	// A client that leaves does not stop its INSERT: the connection would be lost with it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	answer, err := h.store.Insert(ctx, request)
	if err != nil {
		h.refuse(err).write(w)
	} else {
		service.WriteJSON(w, http.StatusCreated, stored{API: answer.API, Insertados: len(answer.IDs), IDs: answer.IDs})
	}
	_ = http.NewResponseController(w).Flush() // on the wire before it counts as answered
}

// read checks everything about a request that can be checked without the database.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (store.Request, *fault) {
	w.Header().Set("Connection", "close") // until the body is read: the rest of one would hold a refusal back
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
	body, err := readBody(w, r)
	if err != nil {
		return store.Request{}, bodyFault(err)
	}
	if !h.ready.Draining() {
		w.Header().Del("Connection")
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

// readBody reads at most sample.MaxBody bytes, and lifts the deadline for them.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sample.MaxBody))
	if err != nil {
		return nil, err
	}
	return body, http.NewResponseController(w).SetReadDeadline(time.Time{})
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
		h.log.Warn("not_stored", "error", err)
		return newFault(http.StatusServiceUnavailable, "no_disponible", "the database did not take the samples, and this attempt stored nothing: send them again, with the same Idempotency-Key if they had one")
	default:
		h.log.Error("outcome_unknown", "error", err)
		return newFault(http.StatusInternalServerError, "desconocido", "it is not known whether the samples were stored: send them again with the same Idempotency-Key")
	}
}
