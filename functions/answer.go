package functions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

// writeStored answers a request whose samples are committed. It appends, where service.WriteJSON would reflect, because
// this is the answer that is written thousands of times a second; an API's name needs no escape.
func writeStored(w http.ResponseWriter, answer store.Answer) {
	body := make([]byte, 0, 64+20*len(answer.IDs))
	body = append(body, `{"api":"`...)
	body = append(body, answer.API...)
	body = append(body, `","insertados":`...)
	body = strconv.AppendInt(body, int64(len(answer.IDs)), 10)
	body = append(body, `,"ids":[`...)
	for i, id := range answer.IDs {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendInt(body, id, 10)
	}
	body = append(body, "]}\n"...)
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body) // a client that has gone needs no answer
}

// fault is an error answer.
type fault struct {
	status int
	body   service.Error
	left   bool // nobody hears it, and nobody here is to blame
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
	if errors.Is(err, errFull) {
		return newFault(http.StatusServiceUnavailable, "no_disponible", "this instance has as many requests as it can hold; nothing was stored")
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return newFault(http.StatusRequestEntityTooLarge, "demasiado_grande", fmt.Sprintf("the body is over %d bytes", sample.MaxBody))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return newFault(http.StatusRequestTimeout, "lento", "the body did not arrive in time")
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

// refuse turns an error of the writer into an answer, and keeps the cause for the log.
func (h *Handler) refuse(client context.Context, err error) *fault {
	switch {
	case errors.Is(err, store.ErrKeyReused):
		return newFault(http.StatusUnprocessableEntity, "clave_repetida", err.Error())
	case errors.Is(err, store.ErrNotStored) && client.Err() != nil:
		f := newFault(http.StatusServiceUnavailable, "no_disponible", "the client left, or closed its side, before its turn came; nothing was stored")
		f.left = true
		return f
	case errors.Is(err, store.ErrNotStored):
		h.refused.Log(h.Log, h.Now(), slog.LevelWarn, "not_stored", err)
		return newFault(http.StatusServiceUnavailable, "no_disponible", "there was no turn for the samples, or the database did not take them, and this attempt stored nothing: send them again, with the same Idempotency-Key if they had one")
	default:
		h.unknown.Log(h.Log, h.Now(), slog.LevelError, "outcome_unknown", err)
		return newFault(http.StatusInternalServerError, "desconocido", "it is not known whether the samples were stored: send them again with the same Idempotency-Key")
	}
}
