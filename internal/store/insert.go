package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
)

const (
	// insertTimeout bounds what Insert does once it has its connection: one lock wait, and some more.
	insertTimeout = 5500 * time.Millisecond
	// insertTries is how often Insert begins anew: with another connection when one had died while it lay idle (as
	// database/sql does: after two, a new one is due), or because a key was stored by somebody else meanwhile.
	insertTries = 3
)

// Request is what one ingest request stores: all of its samples, or none.
type Request struct {
	API      string // the route
	Samples  []sample.Sample
	Recibido sample.Recibido
	Key      string   // the Idempotency-Key; empty without one
	Content  [32]byte // SHA-256 of the body; only read with a key
}

// Answer is what a client is told about its stored request.
type Answer struct {
	API      string  // the route that stored it
	IDs      []int64 // one for each sample, in their order
	Replayed bool    // it is an earlier request's answer, and this one stored nothing
}

// Outcome is how one of several requests ended.
type Outcome struct {
	Answer Answer
	Err    error
}

// Insert stores one request and returns after the commit. With a key that was seen before, it stores nothing and
// returns the first request's answer. ctx bounds the wait for a connection; what is sent then is not given up with
// it, because the outcome would be lost.
func (s *Store) Insert(ctx context.Context, r Request) (Answer, error) {
	conn, err := s.Conn(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	outcome := conn.Insert(ctx, []Request{r})[0]
	return outcome.Answer, outcome.Err
}

// Conn is one connection of the pool, for who must know that the next statement is sent at once.
type Conn struct {
	store *Store
	sql   *sql.Conn
}

// Conn waits for a connection, no longer than ctx. The caller must Close it. Its errors wrap ErrNotStored.
func (s *Store) Conn(ctx context.Context) (*Conn, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: connect to the database: %w", ErrNotStored, err)
	}
	return &Conn{s, conn}, nil
}

// Close gives the connection back.
func (c *Conn) Close() { _ = c.sql.Close() } // it is in the pool again, or gone

// entry is a request whose outcome is looked for.
type entry struct {
	request *Request
	outcome *Outcome
}

// Insert stores requests together, in one transaction, and returns how each of them ended. A request is never
// split: its samples stand side by side. Of those with equal keys the first is stored and the others get its answer.
// A request that the database refuses for its data does not take the others with it.
func (c *Conn) Insert(ctx context.Context, requests []Request) []Outcome {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insertTimeout)
	defer cancel()
	outcomes := make([]Outcome, len(requests))
	entries := make([]entry, 0, len(requests))
	var repeated []int
	first := map[string]int{}
	for i := range requests {
		if key := requests[i].Key; key != "" {
			if _, known := first[key]; known {
				repeated = append(repeated, i)
				continue
			}
			first[key] = i
		}
		entries = append(entries, entry{&requests[i], &outcomes[i]})
	}
	c.insert(ctx, entries)
	var others []entry // of another body than the first of their key, which is perhaps the stored one's
	for _, i := range repeated {
		original := first[requests[i].Key]
		switch {
		case errors.Is(outcomes[original].Err, ErrKeyReused):
			others = append(others, entry{&requests[i], &outcomes[i]})
		case outcomes[original].Err != nil:
			outcomes[i].Err = outcomes[original].Err
		case requests[original].Content != requests[i].Content:
			outcomes[i].Err = ErrKeyReused
		default:
			outcomes[i].Answer = outcomes[original].Answer
			outcomes[i].Answer.Replayed = true
		}
	}
	if others, err := c.answerKnown(ctx, others); err != nil {
		fail(others, err)
	}
	return outcomes
}

// insert gives every entry its outcome. Their keys differ.
func (c *Conn) insert(ctx context.Context, entries []entry) {
	var err error
	for range insertTries {
		if entries, err = c.answerKnown(ctx, entries); err == nil {
			err = c.commit(ctx, entries)
		}
		switch {
		case err == nil:
			return
		case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone): // nothing was sent
			if err := c.renew(ctx); err != nil {
				fail(entries, err)
				return
			}
		case refused(err, isDuplicate): // somebody else has stored one of the keys: it is known now
		case len(entries) == 1 && refused(err, isDeadlock): // the other one goes on
		case len(entries) > 1 && refused(err, isData):
			half := len(entries) / 2
			c.insert(ctx, entries[:half])
			c.insert(ctx, entries[half:])
			return
		case len(entries) > 1 && refused(err, isLock):
			c.insertWithoutKeys(ctx, entries, err)
			return
		default:
			if refused(err, isOfSession) {
				drop(c.sql)
			}
			fail(entries, err)
			return
		}
	}
	if len(entries) > 1 && refused(err, isDuplicate) { // every time another one
		c.insertWithoutKeys(ctx, entries, err)
		return
	}
	fail(entries, err)
}

// drop keeps a connection from being used again.
func drop(conn *sql.Conn) { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }

// insertWithoutKeys stores the entries that cannot have been what waited for a lock: keys are what transactions wait for.
func (c *Conn) insertWithoutKeys(ctx context.Context, entries []entry, cause error) {
	without := make([]entry, 0, len(entries))
	for _, e := range entries {
		if e.request.Key == "" {
			without = append(without, e)
		} else {
			fail([]entry{e}, fmt.Errorf("%w: %w", ErrKeyBusy, cause))
		}
	}
	if len(without) == len(entries) {
		fail(entries, cause)
		return
	}
	c.insert(ctx, without)
}

func fail(entries []entry, err error) {
	for _, e := range entries {
		*e.outcome = Outcome{Err: err}
	}
}

// renew takes another connection for one that has died.
func (c *Conn) renew(ctx context.Context) error {
	c.Close()
	other, err := c.store.Conn(ctx)
	if err != nil {
		return err
	}
	c.sql = other.sql
	return nil
}

// answerKnown answers the entries whose keys are stored, and returns the others.
func (c *Conn) answerKnown(ctx context.Context, entries []entry) ([]entry, error) {
	keys := make([]any, 0, len(entries))
	for _, e := range entries {
		if e.request.Key != "" {
			keys = append(keys, []byte(e.request.Key))
		}
	}
	if len(keys) == 0 {
		return entries, nil
	}
	known, err := lookUp(ctx, c.sql, keys)
	if err != nil {
		return entries, fmt.Errorf("%w: look up keys: %w", ErrNotStored, err)
	}
	if len(known) == 0 {
		return entries, nil
	}
	unknown := make([]entry, 0, len(entries))
	for _, e := range entries {
		earlier, found := known[e.request.Key]
		switch {
		case !found:
			unknown = append(unknown, e)
		case string(earlier.content) != string(e.request.Content[:]):
			e.outcome.Err = ErrKeyReused
		default:
			e.outcome.Answer = earlier.answer
		}
	}
	return unknown, nil
}

// commit stores the entries: by one statement that commits itself, or with keys in a transaction.
func (c *Conn) commit(ctx context.Context, entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	withKeys := slices.ContainsFunc(entries, func(e entry) bool { return e.request.Key != "" })
	if !withKeys {
		return sent("insert samples", insertSamples(ctx, c.sql, entries))
	}
	if err := insertBoth(ctx, c.sql, entries); err != nil {
		rollBack(ctx, c.sql) // until the COMMIT is sent, whatever happens is a rollback
		return fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	if _, err := c.sql.ExecContext(ctx, "COMMIT"); err != nil {
		rollBack(ctx, c.sql)
		// Not with %w: that it was a bad connection must not lead to another try.
		return fmt.Errorf("commit: %v", err) //nolint:errorlint // see above
	}
	return nil
}

// insertBoth is a transaction without its end. It is made of plain statements: unlike those of sql.Tx, its COMMIT
// ends with ctx. Of two that race with the same key, the loser waits at the primary key until the winner has ended.
func insertBoth(ctx context.Context, conn *sql.Conn, entries []entry) error {
	if _, err := conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := insertSamples(ctx, conn, entries); err != nil {
		return fmt.Errorf("insert samples: %w", err)
	}
	if err := insertKeys(ctx, conn, entries); err != nil {
		return fmt.Errorf("insert keys: %w", err)
	}
	return nil
}

// rollBack ends a transaction, or else the connection, and with it the transaction.
func rollBack(ctx context.Context, conn *sql.Conn) {
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		drop(conn)
	}
}
