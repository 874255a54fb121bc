package functions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	runsPath  = "/api/runs"
	runWeight = 4 << 20 // bytes: histograms are larger in memory than in a body
)

// storedRun is the answer to a part of a run that is committed.
type storedRun struct {
	API      string `json:"api"`
	Run      string `json:"run"`
	Segundos int    `json:"segundos"`
}

// ingestRun takes a run, or a part of one. It is no sample, and the statistics of the route, which compare how samples are
// written, do not count it. It may be sent again after any answer: what is stored twice is stored once.
func (h *Handler) ingestRun(w http.ResponseWriter, r *http.Request) {
	share := share{of: h.memory}
	defer share.giveBack()
	part, fault := h.readRun(w, r, &share)
	if fault == nil {
		ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
		defer cancel()
		fault = h.refuseRun(h.Runs.InsertRun(ctx, part))
	}
	if fault != nil {
		fault.write(w)
		return
	}
	service.WriteJSON(w, http.StatusCreated, storedRun{API: h.API, Run: part.ID, Segundos: len(part.Seconds)})
}

func (h *Handler) readRun(w http.ResponseWriter, r *http.Request, memory *share) (run.Run, *fault) {
	if fault := h.admit(w, r); fault != nil {
		return run.Run{}, fault
	}
	body, fault := h.body(w, r, memory)
	if fault != nil {
		return run.Run{}, fault
	}
	if err := memory.take(runWeight); err != nil {
		h.refused.Log(h.Log, h.Now(), slog.LevelWarn, "run_not_stored", err)
		return run.Run{}, bodyFault(err)
	}
	part, err := run.DecodePart(body)
	if fields, ok := errors.AsType[*run.FieldError](err); ok {
		f := newFault(http.StatusBadRequest, "corrida_invalida", err.Error())
		f.body.Fields = fields.Faults
		return run.Run{}, f
	}
	if err != nil {
		return run.Run{}, newFault(http.StatusBadRequest, "json_invalido", err.Error())
	}
	return part, nil
}

// refuseRun turns an error of the writer into an answer, and keeps the cause for the log.
func (h *Handler) refuseRun(err error) *fault {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrOtherRun):
		return newFault(http.StatusUnprocessableEntity, "corrida_distinta", "another run, which began at another time, has this id")
	case errors.Is(err, store.ErrNotStored):
		h.refused.Log(h.Log, h.Now(), slog.LevelWarn, "run_not_stored", err)
		return newFault(http.StatusServiceUnavailable, "no_disponible", "the database did not take it, and nothing of this part was stored: send it again")
	default:
		h.unknown.Log(h.Log, h.Now(), slog.LevelError, "outcome_unknown", fmt.Errorf("run: %w", err))
		return newFault(http.StatusInternalServerError, "desconocido", "it is not known whether this part was stored: send it again")
	}
}
