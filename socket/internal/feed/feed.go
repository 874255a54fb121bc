// Package feed carries rows and the routes' statistics from the database to the hub: one reader for all clients.
package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/socket/internal/hub"
	"github.com/pulso-lab/pulso/socket/internal/tail"
)

const (
	tick        = 250 * time.Millisecond
	idleTick    = 2 * time.Second // while nobody is connected: keeps the live windows warm
	backOff     = 2 * time.Second // between looks at a database that is away
	readTimeout = 10 * time.Second
	routesEvery = time.Second
	maxHosts    = 100 // whose live windows are read when the service starts
)

// Feed looks at the database every tick. It belongs to the goroutine that runs it.
type Feed struct {
	db     *store.Store
	hub    *hub.Hub
	log    *slog.Logger
	cursor *tail.Cursor // nil until the database has answered for the first time
	floor  int64        // where the cursor started
	begun  bool         // it has read on to the present
	routes routes
	looked time.Time // when the routes were last read

	rows, holes, lost atomic.Int64
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
	var arrived <-chan struct{} // while nobody is connected
	for {
		select {
		case <-ctx.Done():
			return
		case <-arrived:
		case <-timer.C:
		}
		more, err := f.look(ctx)
		if ctx.Err() != nil {
			return
		}
		arrived = nil
		wait := tick
		switch {
		case err != nil:
			f.hub.Away()
			wait = backOff
		case more:
			wait = 0
		case f.hub.Clients() == 0:
			wait, arrived = idleTick, f.hub.Arrived()
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
	if !f.begun {
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
	f.rows.Add(int64(len(rows)))
	f.holes.Store(int64(f.cursor.Holes()))
	f.lost.Store(f.cursor.Forgotten())
	f.hub.Tick(rows, f.cursor.Position())
	if now := time.Now(); now.Sub(f.looked) >= routesEvery {
		f.looked = now
		err = f.readRoutes(ctx)
	}
	return more, err
}

func (f *Feed) readRoutes(ctx context.Context) error {
	changed, err := f.routes.read(ctx, f.db)
	if err != nil || len(changed) == 0 {
		return err
	}
	f.hub.Routes(f.routes.all(), changed)
	return nil
}

// begin reads the live windows, puts the cursor where every lower id is settled, and reads on to the present: all
// that is known and no news, but the gaps of the recent past are open again. After an error it goes on where it was.
func (f *Feed) begin(ctx context.Context) error {
	if f.cursor == nil {
		settled, err := f.db.Settled(ctx, 2*store.TransactionLimit)
		if err != nil {
			return err
		}
		windows, err := f.db.Windows(ctx, event.WindowSeconds*time.Second, maxHosts, event.SnapshotRows)
		if err != nil {
			return err
		}
		f.hub.LoadWindows(windows)
		f.cursor, f.floor = tail.New(f.db, settled), settled
	}
	for more := true; more; {
		rows, again, err := f.cursor.Next(ctx)
		if err != nil {
			return err
		}
		f.hub.Load(f.floor, rows)
		more = again
	}
	if err := f.readRoutes(ctx); err != nil {
		return err
	}
	f.begun = true
	f.hub.Begin(f.cursor.Position())
	return nil
}

// Counts is what an operator may want to know.
type Counts struct {
	Rows  int64 // read since the start
	Holes int64 // ids that may still become visible, in runs
	Lost  int64 // runs of ids that were given up because there were too many, each a place where rows may be lost
}

// Counts may be called from every goroutine.
func (f *Feed) Counts() Counts {
	return Counts{Rows: f.rows.Load(), Holes: f.holes.Load(), Lost: f.lost.Load()}
}
