package rollup

import (
	"context"
	"log/slog"

	"github.com/pulso-lab/pulso/internal/store"
)

// retention retires rows.
type retention struct {
	sweep *store.Sweep
	log   *slog.Logger

	retired []any // in this sweep: tables and numbers, as the log takes them
}

// step retires some rows, and writes a line at the end of a sweep that found any.
func (r *retention) step(ctx context.Context) (more bool, err error) {
	table, rows, more, err := r.sweep.Next(ctx)
	if err != nil {
		return false, err
	}
	r.count(table, rows)
	if !more && len(r.retired) > 0 {
		r.log.Info("rows_retired", r.retired...)
		r.retired = nil
	}
	return more, nil
}

func (r *retention) count(table string, rows int64) {
	if rows == 0 {
		return
	}
	if n := len(r.retired); n > 0 && r.retired[n-2] == table {
		r.retired[n-1] = r.retired[n-1].(int64) + rows
		return
	}
	r.retired = append(r.retired, table, rows)
}
