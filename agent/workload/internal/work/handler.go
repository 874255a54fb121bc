package work

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
)

// Handler answers requests by working. It has a fixed number of places; a request that finds none is refused at
// once, because a queue would hide from the client that the VM is full.
type Handler struct {
	cost   Cost
	places chan struct{}
	answer []byte
	log    *slog.Logger
}

// NewHandler makes a handler that serves at most concurrency requests at a time.
func NewHandler(cost Cost, concurrency int, log *slog.Logger) *Handler {
	answer, err := json.Marshal(struct {
		CPU    float64 `json:"cpu_ms"`
		Memory int     `json:"memoria_mib"`
	}{float64(cost.CPU) / float64(time.Millisecond), cost.Memory})
	if err != nil {
		panic(err) // two numbers
	}
	return &Handler{cost: cost, places: make(chan struct{}, concurrency), answer: append(answer, '\n'), log: log}
}

// ServeHTTP answers `GET /trabajo`.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	default:
		w.Header().Set("Retry-After", "1")
		service.WriteError(w, http.StatusServiceUnavailable, service.Error{
			Code: "saturado", Message: fmt.Sprintf("all %d places are taken", cap(h.places)),
		})
		return
	}
	if err := Do(r.Context(), h.cost); err != nil {
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
