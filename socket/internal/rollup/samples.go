package rollup

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/socket/internal/tail"
)

const (
	// gatherRows bounds the rows that are read before their minutes are computed: the more at once, the fewer times is a
	// minute computed while a backlog is worked off.
	gatherRows = 50_000
	// firstSize is how many minutes are computed in one transaction at first. It adapts, because minutes have from one
	// row to millions.
	firstSize = 30
)

// samples keeps samples_by_minute and samples_by_hour.
type samples struct {
	db    *store.Store
	owner string
	log   *slog.Logger

	cursor *tail.Cursor       // nil until the position is known
	done   int64              // the position that is noted
	open   []store.HostMinute // minutes that are still to be computed, in order
	more   bool               // there were more rows than were read
	size   int                // minutes in one transaction
}

func (s *samples) forget() { s.cursor, s.open = nil, nil }

// step computes some of the minutes in which new rows lie.
func (s *samples) step(ctx context.Context) (more bool, err error) {
	if err := s.gather(ctx); err != nil {
		s.forget()
		return false, err
	}
	began := time.Now()
	n := min(s.size, len(s.open))
	position := s.done
	if n == len(s.open) {
		position = s.cursor.Position()
	}
	if n == 0 && position == s.done {
		return false, nil
	}
	if err := s.db.RollUp(ctx, s.owner, s.open[:n], position); err != nil {
		s.size = max(s.size/2, 1) // it may have been too much
		s.forget()
		return false, err
	}
	s.open, s.done = s.open[n:], position
	s.adapt(time.Since(began))
	return len(s.open) > 0 || s.more, nil
}

// gather reads new rows when nothing is open.
func (s *samples) gather(ctx context.Context) error {
	if len(s.open) > 0 {
		return nil
	}
	if s.cursor == nil {
		now, err := s.db.Rollups(ctx)
		if err != nil {
			return err
		}
		s.cursor, s.done = tail.New(s.db, now.Position), now.Position
	}
	touched := map[store.HostMinute]bool{}
	forgotten := s.cursor.Forgotten()
	s.more = true
	for rows := 0; s.more && rows < gatherRows; {
		batch, more, err := s.cursor.Next(ctx)
		if err != nil {
			return err
		}
		for i := range batch {
			touched[store.HostMinute{Host: batch[i].Host, Hora: batch[i].Hora.Truncate(time.Minute)}] = true
		}
		rows, s.more = rows+len(batch), more
	}
	if now := s.cursor.Forgotten(); now > forgotten {
		s.log.Error("too_many_holes", "given_up", now-forgotten, "error", errors.New("rows may be missing in the rollups"))
	}
	s.open = make([]store.HostMinute, 0, len(touched))
	for minute := range touched {
		s.open = append(s.open, minute)
	}
	slices.SortFunc(s.open, func(a, b store.HostMinute) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), a.Hora.Compare(b.Hora))
	})
	return nil
}

// adapt keeps transactions well under a second where it can.
func (s *samples) adapt(took time.Duration) {
	switch {
	case took > slow/2:
		s.size = max(s.size/2, 1)
	case took < slow/8:
		s.size = min(2*s.size, store.MaxRollupMinutes)
	}
}
