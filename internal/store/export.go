package store

import (
	"context"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
)

// Page is a place in a host's rows, in order of `hora` and id, from which on they are read.
type Page struct {
	Host string
	From time.Time // the first `hora`
	To   time.Time // the first `hora` that is not read
	id   int64     // rows of From up to this id have been read
}

// Next reads at most limit rows, and moves on behind them; fewer than limit are the last. It goes along an index, so
// that it costs what it reads, wherever it is.
func (p *Page) Next(ctx context.Context, s *Store, limit int) ([]sample.Row, error) {
	// In two statements: no server reads an index in one piece for both.
	all, err := s.rows(ctx, rowColumns+alongHora+" WHERE host = ? AND hora = ? AND id > ? ORDER BY id LIMIT ?", p.Host, p.From, p.id, limit)
	if err == nil && len(all) < limit {
		var later []Visible
		later, err = s.rows(ctx, rowColumns+alongHora+" WHERE host = ? AND hora > ? AND hora < ? ORDER BY hora, id LIMIT ?",
			p.Host, p.From, p.To, limit-len(all))
		all = slices.Concat(all, later)
	}
	if err != nil {
		return nil, err
	}
	if len(all) > 0 {
		last := all[len(all)-1]
		p.From, p.id = last.Hora.Time, last.ID
	}
	return plain(all), nil
}
