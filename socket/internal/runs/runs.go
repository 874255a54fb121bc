// Package runs answers what people want of the runs: the list, one as a document, its verdict; to name, delete and import
// one. So that no number of askers can hold the database or the memory up, it asks the database one question at a time and
// holds few documents, and who comes meanwhile waits for a turn, but not for long.
package runs

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/verdict"
)

const (
	maxDocuments  = 2   // in memory at a time: the largest has 57,600 histograms, 72 MB
	maxImports    = 1   // bodies that arrive at a time
	maxListed     = 200 // runs
	maxRename     = 4 << 10
	importTimeout = 60 * time.Second // for a body to arrive
	readTimeout   = 10 * time.Second // that the database may take for one, or for anything else
	writeTimeout  = 60 * time.Second // for a client to take a document
	retryAfter    = "5"              // seconds
)

// Service answers about the runs of a database, of which it uses one connection at a time.
type Service struct {
	db      *store.Store
	log     *slog.Logger
	failing atomic.Bool // the last question to the database failed

	database, documents, imports chan struct{} // a place for each at a time
	patience                     time.Duration // how long one waits for a place
}

// New is a service on a database.
func New(db *store.Store, log *slog.Logger) *Service {
	return &Service{
		db: db, log: log, database: make(chan struct{}, 1), documents: make(chan struct{}, maxDocuments),
		imports: make(chan struct{}, maxImports), patience: 5 * time.Second,
	}
}

// Handler answers under /runs, until ctx ends. Pages of other origins get nothing: they may send neither a token nor, without
// a preflight that nobody here answers, anything but a GET whose answer they cannot read.
func (s *Service) Handler(ctx context.Context, token service.Token) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /runs", s.list)
	mux.Handle("POST /runs", service.LongBody(ctx, importTimeout, http.HandlerFunc(s.take)))
	mux.HandleFunc("GET /runs/{id}", s.document)
	mux.HandleFunc("PATCH /runs/{id}", s.rename)
	mux.HandleFunc("DELETE /runs/{id}", s.remove)
	mux.HandleFunc("GET /runs/{id}/verdict", s.verdict)
	mux.HandleFunc("/runs", only("GET, POST"))
	mux.HandleFunc("/runs/{id}", only("GET, PATCH, DELETE"))
	mux.HandleFunc("/runs/{id}/verdict", only("GET"))
	mux.HandleFunc("/", service.NotFound)
	return service.Until(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !token.AdmitsRequest(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			service.WriteError(w, http.StatusUnauthorized, service.Error{Code: "sin_permiso", Message: "send the token: Authorization: Bearer …"})
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	}))
}

func only(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", methods)
		service.WriteError(w, http.StatusMethodNotAllowed, service.Error{Code: "metodo", Message: "only " + methods})
	}
}

// errBusy says that all places were taken for too long.
var errBusy = errors.New("too many are asking for runs already; try again in a moment")

// ask asks the database when nobody else does.
func (s *Service) ask(ctx context.Context, question func(context.Context) error) error {
	leave, err := s.place(ctx, s.database)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return s.note(ctx, question(ctx))
}

// place waits for one of the places, which the caller must leave.
func (s *Service) place(ctx context.Context, places chan struct{}) (leave func(), err error) {
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-timer.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// note logs when the database begins to fail and when that is over, and not each failure between. A question that nobody
// waits for any more says nothing about the database.
func (s *Service) note(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) || errors.Is(err, store.ErrNoRun) || errors.Is(err, store.ErrOtherRun) {
		return err
	}
	if failing := err != nil; s.failing.Swap(failing) != failing {
		if failing {
			s.log.Warn("runs_failing", "error", err)
		} else {
			s.log.Info("runs_answer_again")
		}
	}
	return err
}

// refuse says what went wrong.
func refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, store.ErrNoRun):
		service.WriteError(w, http.StatusNotFound, service.Error{Code: "no_encontrado", Message: "there is no such run"})
		return
	case errors.Is(err, errBusy):
		unavailable(w, "ocupado", err.Error())
	default:
		unavailable(w, "no_disponible", "the database does not answer; try again later")
	}
}

func unavailable(w http.ResponseWriter, code, message string) {
	w.Header().Set("Retry-After", retryAfter)
	service.WriteError(w, http.StatusServiceUnavailable, service.Error{Code: code, Message: message})
}

func (s *Service) list(w http.ResponseWriter, r *http.Request) {
	var list run.List
	err := s.ask(r.Context(), func(ctx context.Context) (err error) {
		list, err = s.db.Runs(ctx, maxListed)
		return err
	})
	if err != nil {
		refuse(w, err)
		return
	}
	service.WriteJSON(w, http.StatusOK, list)
}

// idOf is the id in the path, of which there is none where it cannot be one.
func idOf(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if run.CheckID(id) != nil {
		return "", store.ErrNoRun
	}
	return id, nil
}

// rename gives a run a name.
func (s *Service) rename(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		refuse(w, err)
		return
	}
	body, ok := readBody(w, r, maxRename)
	if !ok {
		return
	}
	var wanted struct {
		Name *string `json:"name"`
	}
	if err := json.Unmarshal(body, &wanted); err != nil || wanted.Name == nil {
		service.WriteError(w, http.StatusBadRequest, service.Error{Code: "json_invalido", Message: `the body must be {"name": "…"}`})
		return
	}
	if err := run.CheckName(*wanted.Name); err != nil {
		refuseFields(w, &run.FieldError{Faults: []run.Fault{{Campo: "name", Motivo: err.Error()}}})
		return
	}
	var named run.Header
	err = s.ask(r.Context(), func(ctx context.Context) (err error) {
		named, err = s.db.RenameRun(ctx, id, *wanted.Name)
		return err
	})
	if err != nil {
		refuse(w, err)
		return
	}
	service.WriteJSON(w, http.StatusOK, named)
}

func refuseFields(w http.ResponseWriter, err *run.FieldError) {
	service.WriteError(w, http.StatusBadRequest, service.Error{Code: "corrida_invalida", Message: err.Error(), Fields: err.Faults})
}

func (s *Service) remove(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err == nil {
		err = s.ask(r.Context(), func(ctx context.Context) error { return s.db.DeleteRun(ctx, id) })
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// take imports a document: the parts of a run one after the other, as they would be handed in. One that breaks off may be
// imported again.
func (s *Service) take(w http.ResponseWriter, r *http.Request) {
	leave, err := s.place(r.Context(), s.imports)
	if err != nil {
		// Who still sends does not hear an answer: the connection would be reset.
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, run.MaxDocument))
		refuse(w, err)
		return
	}
	defer leave()
	body, ok := readBody(w, r, run.MaxDocument)
	if !ok {
		return
	}
	leaveDocument, err := s.place(r.Context(), s.documents)
	if err != nil {
		refuse(w, err)
		return
	}
	defer leaveDocument()
	taken, err := run.Decode(body)
	if fields, ok := errors.AsType[*run.FieldError](err); ok {
		refuseFields(w, fields)
		return
	}
	if err != nil {
		service.WriteError(w, http.StatusBadRequest, service.Error{Code: "json_invalido", Message: err.Error()})
		return
	}
	err = s.store(r.Context(), taken)
	if errors.Is(err, store.ErrOtherRun) {
		service.WriteError(w, http.StatusUnprocessableEntity, service.Error{Code: "corrida_distinta", Message: "another run, which began at another time, has this id"})
		return
	}
	if err != nil {
		unavailable(w, "no_disponible", "the database did not take all of the run: import it again")
		return
	}
	service.WriteJSON(w, http.StatusCreated, taken.Header)
}

func (s *Service) store(ctx context.Context, r run.Run) error {
	part := run.Run{Header: r.Header}
	for first := true; first || len(r.Seconds) > 0; first = false {
		n := min(len(r.Seconds), run.MaxPart)
		part.Seconds, r.Seconds = r.Seconds[:n], r.Seconds[n:]
		if err := s.ask(ctx, func(ctx context.Context) error { return s.db.InsertRun(ctx, part) }); err != nil {
			return err
		}
	}
	return nil
}

// readBody reads a body of JSON, or answers why not.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, bool) {
	if !service.IsJSON(r.Header) {
		service.WriteError(w, http.StatusUnsupportedMediaType, service.Error{
			Code: "tipo", Message: "the body must be sent as Content-Type: application/json, not compressed",
		})
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return body, true
	case tooLarge:
		service.WriteError(w, http.StatusRequestEntityTooLarge, service.Error{Code: "demasiado_grande", Message: "the body is too large"})
	case errors.Is(err, os.ErrDeadlineExceeded):
		service.WriteError(w, http.StatusRequestTimeout, service.Error{Code: "lento", Message: "the body did not arrive in time"})
	default:
		service.WriteError(w, http.StatusBadRequest, service.Error{Code: "json_invalido", Message: "the body could not be read to its end"})
	}
	return nil, false
}

// with reads the run that the path names, and holds its place until it was used.
func (s *Service) with(w http.ResponseWriter, r *http.Request, use func(run.Run)) {
	id, err := idOf(r)
	if err != nil {
		refuse(w, err)
		return
	}
	leave, err := s.place(r.Context(), s.documents)
	if err != nil {
		refuse(w, err)
		return
	}
	defer leave()
	var read run.Run
	err = s.ask(r.Context(), func(ctx context.Context) (err error) {
		read, err = s.db.Run(ctx, id)
		return err
	})
	if err != nil {
		refuse(w, err)
		return
	}
	use(read)
}

// verdict judges a run.
func (s *Service) verdict(w http.ResponseWriter, r *http.Request) {
	s.with(w, r, func(read run.Run) {
		objective, users, err := askedOf(r.URL.RawQuery, read.Protocol.Objective)
		if err != nil {
			service.WriteError(w, http.StatusBadRequest, service.Error{Code: "parametro_invalido", Message: err.Error()})
			return
		}
		service.WriteJSON(w, http.StatusOK, verdict.Of(read, objective, users))
	})
}
