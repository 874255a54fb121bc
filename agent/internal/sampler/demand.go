package sampler

import (
	"context"
	"fmt"
	"time"
)

const (
	// demand is how long the process table goes on being read after somebody asked for it.
	demand = time.Minute
	// maxWait is how long whoever asks first waits for the two readings that a table needs.
	maxWait = 5 * time.Second
)

// NoTableError says that the process table was not read in time.
type NoTableError struct {
	Retry time.Duration // when the table will be there
}

func (e *NoTableError) Error() string {
	return fmt.Sprintf("the process table is read when it is asked for, and needs two readings: ask again in %s", e.Retry)
}

// LatestTable is the newest snapshot, which has a process table, or the reason why there is none. Where the source
// reads the table on demand only, whoever asks first waits, at most until ctx ends and for maxWait, and then gets a
// *NoTableError; who asks within a minute of another does not wait.
func (s *Sampler) LatestTable(ctx context.Context) (*Snapshot, error) {
	s.asked.Store(new(time.Now()))
	timeout := time.NewTimer(maxWait)
	defer timeout.Stop()
	for over := false; ; {
		r := s.published.Load()
		snapshot, err := s.current(r)
		switch {
		case err != nil || snapshot.Table != nil:
			return snapshot, err
		case over:
			return nil, &NoTableError{Retry: 2 * s.Interval}
		}
		select {
		case <-r.next:
		case <-timeout.C:
			over = true
		case <-ctx.Done():
			over = true
		}
	}
}

// tableWanted says whether somebody has asked for the table lately, and at intervals that are long beside the demand
// also whether he who was told to come back still can.
func (s *Sampler) tableWanted(now time.Time) bool {
	asked := s.asked.Load()
	return asked != nil && now.Sub(*asked) <= max(demand, maxAge*s.Interval)
}
