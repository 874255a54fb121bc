package service

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// lineEvery is how often a line that every request could write is written.
const lineEvery = time.Second

// LineLimit keeps a line that every request could write from drowning the log. Its zero value is ready.
type LineLimit struct {
	mu     sync.Mutex
	last   time.Time
	hidden int // lines not written since
}

// Log writes the line, with the number of those like it that were not written before, unless one was written just now.
func (l *LineLimit) Log(log *slog.Logger, now time.Time, level slog.Level, event string, err error) {
	l.mu.Lock()
	if since := now.Sub(l.last); since >= 0 && since < lineEvery {
		l.hidden++
		l.mu.Unlock()
		return
	}
	hidden := l.hidden
	l.last, l.hidden = now, 0
	l.mu.Unlock()
	log.Log(context.Background(), level, event, "error", err, "hidden", hidden) //nolint:sloglint // the callers' events are constants
}
