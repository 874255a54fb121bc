package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
)

// Handler answers requests by working. It has a fixed number of places, and of places in the queue for them; a request
// that finds none is refused at once. Without a queue a client sees that the VM is full by refusals, and with one by
// the time that it waits, as with most applications.
type Handler struct {
	work   *Work
	places turns
	queue  chan struct{} // one for each request that waits for a place
	answer []byte
	log    *slog.Logger
}

// errFull is why a request is refused.
var errFull = errors.New("all places are taken, and all in the queue")

// NewHandler makes a handler that serves at most concurrency requests at a time, and lets at most queue more wait.
func NewHandler(cost Cost, concurrency, queue int, log *slog.Logger) *Handler {
	answer, err := json.Marshal(struct {
		CPU    float64 `json:"cpu_ms"`
		Memory int     `json:"memoria_mib"`
	}{float64(cost.CPU) / float64(time.Millisecond), cost.Memory})
	if err != nil {
		panic(err) // two numbers
	}
	return &Handler{
		work: New(cost), places: newTurns(concurrency), queue: make(chan struct{}, queue), answer: append(answer, '\n'), log: log,
	}
}

// enter takes a place, after all who wait for one already; it fails with errFull, or when ctx ends.
func (h *Handler) enter(ctx context.Context) (began time.Time, err error) {
	wanted := time.Now()
	select {
	case free := <-h.places:
		return later(wanted, free), nil
	default:
	}
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
		return h.places.take(ctx, wanted)
	default:
		return time.Time{}, errFull
	}
}

// ServeHTTP answers `GET /trabajo`.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	began, err := h.enter(r.Context())
	if err != nil {
		if errors.Is(err, errFull) { // otherwise the client has gone
			h.refuse(w)
		}
		return
	}
	ended, err := h.work.Do(r.Context(), began)
	h.places.give(ended)
	if err != nil {
		if r.Context().Err() != nil {
			return // the client has gone
		}
		h.log.Error("work_failed", "error", err)
		service.WriteError(w, http.StatusInternalServerError, service.Error{Code: "interno", Message: err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(h.answer) // a client that has gone needs no answer
}

func (h *Handler) refuse(w http.ResponseWriter) {
	message := fmt.Sprintf("all %d places are taken", cap(h.places))
	if queue := cap(h.queue); queue > 0 {
		message += fmt.Sprintf(", and %d requests wait for one", queue)
	}
	w.Header().Set("Retry-After", "1")
	service.WriteError(w, http.StatusServiceUnavailable, service.Error{Code: "saturado", Message: message})
}
