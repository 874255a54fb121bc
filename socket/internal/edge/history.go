package edge

import (
	"context"
	"encoding/json"
	"errors"

	socketio "github.com/zishang520/socket.io/servers/socket/v3"

	"github.com/pulso-lab/pulso/internal/event"
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

func queryOf(args []any) (q event.HistoryQuery, err error) {
	if len(args) != 1 {
		return q, errors.New("history takes one object, {host, from, to, points}")
	}
	text, err := json.Marshal(args[0])
	if err != nil {
		return q, errors.New("the query is not JSON")
	}
	if err := json.Unmarshal(text, &q); err != nil {
		var field *json.UnmarshalTypeError
		if errors.As(err, &field) && field.Field != "" {
			return q, errors.New(field.Field + ": is of the wrong type")
		}
		return q, err
	}
	return q, nil
}
