package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	socketio "github.com/zishang520/socket.io/servers/socket/v3"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
)

// history answers a client's question with the acknowledgement; where the client wants none, there is nothing to do.
// The library calls it for one question of a client at a time.
func (s *Server) history(ctx context.Context, args []any) {
	if len(args) == 0 {
		return
	}
	ack, ok := args[len(args)-1].(socketio.Ack)
	if !ok {
		return
	}
	var answer any
	q, err := queryOf(args[:len(args)-1])
	if err != nil {
		answer = event.Failure{Code: "parametro_invalido", Message: err.Error()}
	} else if found, failure := s.History.Answer(ctx, q); failure != nil {
		answer = failure
	} else {
		answer = found
	}
	ack([]any{answer}, nil)
}

func queryOf(args []any) (event.HistoryQuery, error) {
	if len(args) != 1 {
		return event.HistoryQuery{}, errors.New("history takes one object, {host, from, to, points}")
	}
	text, err := json.Marshal(args[0])
	if err != nil {
		return event.HistoryQuery{}, errors.New("the query is not JSON")
	}
	var q struct {
		Host     string
		From, To string
		Points   int
	}
	if err := json.Unmarshal(text, &q); err != nil {
		if field, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && field.Field != "" {
			return event.HistoryQuery{}, fmt.Errorf("%s is of the wrong type", strings.ToLower(field.Field))
		}
		return event.HistoryQuery{}, errors.New("history takes one object, {host, from, to, points}")
	}
	from, err := horaOf("from", q.From)
	if err != nil {
		return event.HistoryQuery{}, err
	}
	to, err := horaOf("to", q.To)
	return event.HistoryQuery{Host: q.Host, From: from, To: to, Points: q.Points}, err
}

func horaOf(field, text string) (sample.Hora, error) {
	hora, err := sample.ParseHora(text)
	if err != nil {
		return hora, fmt.Errorf("%s %w", field, err)
	}
	return hora, nil
}
