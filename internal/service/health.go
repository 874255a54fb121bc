package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// readyTimeout bounds the check behind `GET /ready`.
const readyTimeout = 2 * time.Second

// errDraining is why a program that got its SIGTERM is not ready.
var errDraining = errors.New("the service is shutting down")

// Readiness answers whether a program can do its work now.
type Readiness struct {
	check    func(context.Context) error
	asking   singleflight.Group
	draining atomic.Bool
}

// NewReadiness asks check, which has readyTimeout to return the reason when the program is not ready; nil means always
// ready.
func NewReadiness(check func(context.Context) error) *Readiness {
	return &Readiness{check: check}
}

// Drain makes the program unready for good, so that load balancers stop sending.
func (r *Readiness) Drain() { r.draining.Store(true) }

// Draining says whether Drain was called.
func (r *Readiness) Draining() bool { return r.draining.Load() }

// Health answers `GET /health`: the process is alive.
func Health(w http.ResponseWriter, _ *http.Request) {
	WriteJSON(w, http.StatusOK, map[string]string{"estado": "vivo"})
}

// ServeHTTP answers `GET /ready`.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var err error
	switch {
	case r.Draining():
		err = errDraining
	case r.check != nil:
		err = r.ask(req.Context())
	}
	if err != nil {
		WriteError(w, http.StatusServiceUnavailable, Error{Code: "no_listo", Message: err.Error()})
		return
	}
	WriteJSON(w, http.StatusOK, map[string]string{"estado": "listo"})
}

// ask checks, and shares the result with whoever asks meanwhile: many who ask must not take what the check needs, such as
// connections to the database, from those who work.
func (r *Readiness) ask(ctx context.Context) error {
	_, err, _ := r.asking.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		return nil, r.check(ctx)
	})
	return err
}

// Error is the body of every error answer.
type Error struct {
	Code    string `json:"error"`            // one of docs/contract.md
	Message string `json:"mensaje"`          // for a person
	Fields  any    `json:"campos,omitempty"` // the bad fields of a sample
}

// NotFound answers what no handler knows.
func NotFound(w http.ResponseWriter, _ *http.Request) {
	WriteError(w, http.StatusNotFound, Error{Code: "no_encontrado", Message: "there is nothing at this path"})
}

// WriteError answers with an error.
func WriteError(w http.ResponseWriter, status int, e Error) { WriteJSON(w, status, e) }

// WriteJSON answers with v, which must be encodable.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type of ours that JSON cannot hold is a bug
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone needs no answer
}
