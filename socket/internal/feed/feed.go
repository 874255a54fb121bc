// Package feed carries rows from the database to the hub: one reader for all clients.
package feed

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/socket/internal/hub"
	"github.com/pulso-lab/pulso/socket/internal/tail"
)

const (
	tick        = 250 * time.Millisecond
	backOff     = 2 * time.Second // between looks at a database that is away
	readTimeout = 10 * time.Second
	maxHosts    = 100 // whose live windows are read when the service starts
)

// Feed looks at the database every tick. It belongs to the goroutine that runs it.
type Feed struct {
	db     *store.Store
	hub    *hub.Hub
	log    *slog.Logger
	cursor *tail.Cursor // nil until the database has answered for the first time
}

// New is a feed that has not looked yet.
func New(db *store.Store, h *hub.Hub, log *slog.Logger) *Feed {
	return &Feed{db: db, hub: h, log: log}
}

// Run looks until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		more, err := f.look(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := tick
		switch {
		case err != nil:
			f.hub.Away(time.Now())
			wait = backOff
		case more:
			wait = 0
		}
		if (err != nil) != away { // a line for each change, not for each look
			away = err != nil
			f.logChange(err)
		}
		timer.Reset(wait)
	}
}

func (f *Feed) logChange(err error) {
	if err != nil {
		f.log.Warn("database_away", "error", err)
		return
	}
	f.log.Info("database_back")
}

// look asks the database once.
func (f *Feed) look(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if f.cursor == nil {
		return false, f.begin(ctx)
	}
	forgotten := f.cursor.Forgotten()
	rows, more, err := f.cursor.Next(ctx)
	if err != nil {
		return false, err
	}
	if now := f.cursor.Forgotten(); now > forgotten {
		f.log.Error("too_many_holes", "given_up", now-forgotten, "error", errors.New("rows may be lost"))
	}
	f.hub.Tick(time.Now(), rows, f.cursor.Position())
	return more, nil
}

// begin reads the live windows, puts the cursor where every lower id is settled, and reads on to the present: all
// that is known and no news, but the gaps of the recent past are open again.
func (f *Feed) begin(ctx context.Context) error {
	settled, err := f.db.Settled(ctx, 2*store.TransactionLimit)
	if err != nil {
		return err
	}
	windows, err := f.db.Windows(ctx, event.WindowSeconds*time.Second, maxHosts, event.SnapshotRows)
	if err != nil {
		return err
	}
	f.hub.Load(windows)
	cursor := tail.New(f.db, settled)
	for more := true; more; {
		rows, again, err := cursor.Next(ctx)
		if err != nil {
			return err
		}
		f.hub.Load(rows)
		more = again
	}
	f.cursor = cursor
	f.hub.Begin(time.Now(), cursor.Position())
	return nil
}
