package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
)

// Visible is a row together with the database's clock at its INSERT.
type Visible struct {
	sample.Row
	Guardado time.Time
}

// Range is a run of ids, both ends included.
type Range struct{ From, To int64 }

const rowColumns = "SELECT id, guardado, " + sampleColumns + " FROM samples "

// RowsAfter reads, in one statement and in order of id, at most limit of the rows whose id is over high or lies in
// one of the ranges.
func (s *Store) RowsAfter(ctx context.Context, high int64, ranges []Range, limit int) ([]Visible, error) {
	query := rowColumns + "WHERE id > ?" + strings.Repeat(" OR id BETWEEN ? AND ?", len(ranges)) + " ORDER BY id LIMIT ?"
	args := []any{high}
	for _, r := range ranges {
		args = append(args, r.From, r.To)
	}
	return s.rows(ctx, query, append(args, limit)...)
}

// RowsBetween reads, in order of id, at most limit of the rows with an id over after and up to upTo.
func (s *Store) RowsBetween(ctx context.Context, after, upTo int64, limit int) ([]sample.Row, error) {
	visible, err := s.rows(ctx, rowColumns+"WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", after, upTo, limit)
	return plain(visible), err
}

// plain is the rows alone.
func plain(visible []Visible) []sample.Row {
	rows := make([]sample.Row, len(visible))
	for i, v := range visible {
		rows[i] = v.Row
	}
	return rows
}

// Settled is an id to start reading behind: the newest row that was inserted, by the database's clock, more than span
// before the newest one, and whose successors were all inserted since; 0 when there is none. What lies between it and
// the next row is a gap that may still fill. It walks the primary key backwards, so that it costs what it spans.
func (s *Store) Settled(ctx context.Context, span time.Duration) (int64, error) {
	const step = 10_000
	const query = `SELECT MIN(id), MAX(guardado), MAX(CASE WHEN guardado < ? THEN id END)
		FROM (SELECT id, guardado FROM samples WHERE id < ? ORDER BY id DESC LIMIT ?) AS newest`
	below, limit, known := int64(sample.MaxInteger), time.Unix(0, 0).UTC(), false
	for {
		var lowest, settled sql.NullInt64
		var newest sql.NullTime
		if err := s.db.QueryRowContext(ctx, query, limit, below, step).Scan(&lowest, &newest, &settled); err != nil {
			return 0, fmt.Errorf("find the settled rows: %w", err)
		}
		switch {
		case !lowest.Valid: // no row is left below
			return 0, nil
		case !known: // the first look only tells what is recent
			limit, known = newest.Time.Add(-span), true
			continue
		case settled.Valid:
			return settled.Int64, nil
		}
		below = lowest.Int64
	}
}

// Windows reads, for each of the hosts with the newest `hora` (at most hosts of them), the rows of the last span
// before its newest `hora`, at most limit in all, those of the newest hosts; in order of id.
func (s *Store) Windows(ctx context.Context, span time.Duration, hosts, limit int) ([]sample.Row, error) {
	var all []Visible
	newest, err := s.newest(ctx, hosts)
	if err != nil {
		return nil, err
	}
	for _, n := range newest {
		if len(all) == limit {
			break
		}
		window, err := s.rows(ctx, rowColumns+"WHERE host = ? AND hora >= ? ORDER BY hora DESC, id DESC LIMIT ?",
			n.host, n.hora.Add(-span), limit-len(all))
		if err != nil {
			return nil, err
		}
		all = append(all, window...)
	}
	slices.SortFunc(all, func(a, b Visible) int { return cmp.Compare(a.ID, b.ID) })
	return plain(all), nil
}

// hostHora is a host and its newest `hora`.
type hostHora struct {
	host string
	hora time.Time
}

// manyHosts bounds the search for hosts: whoever sends a name of its own with each row makes as many as there are rows.
const manyHosts = 10_000

// newest is the newest `hora` of each host, the newest first; the index samples_host_hora answers it without reading
// rows. Where there are more than manyHosts, it is that of the first ones by name, and of those of as many newest rows.
func (s *Store) newest(ctx context.Context, hosts int) ([]hostHora, error) {
	const query = `SELECT host, (SELECT hora FROM samples AS s WHERE s.host = h.host ORDER BY hora DESC LIMIT 1) AS newest FROM (
			SELECT host FROM (SELECT DISTINCT host FROM samples ORDER BY host LIMIT ?) AS named
			UNION SELECT host FROM (SELECT host FROM samples ORDER BY id DESC LIMIT ?) AS arrived) AS h
		ORDER BY newest DESC LIMIT ?`
	rows, err := s.db.QueryContext(ctx, query, manyHosts, manyHosts, hosts)
	if err != nil {
		return nil, fmt.Errorf("read the hosts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var newest []hostHora
	for rows.Next() {
		var n hostHora
		if err := rows.Scan(&n.host, &n.hora); err != nil {
			return nil, fmt.Errorf("read the hosts: %w", err)
		}
		newest = append(newest, n)
	}
	return newest, rows.Err()
}

func (s *Store) rows(ctx context.Context, query string, args ...any) ([]Visible, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []Visible
	for rows.Next() {
		var v Visible
		err := rows.Scan(&v.ID, &v.Guardado, &v.TotalRAM, &v.RAMLibre, &v.UsoRAM,
			&v.PorcentajeRAM, &v.PorcentajeCPUUso, &v.PorcentajeCPULibre,
			&v.ProcesosCorriendo, &v.TotalProcesos, &v.ProcesosDurmiendo, &v.ProcesosZombie, &v.ProcesosParados,
			&v.Hora.Time, &v.Host, &v.Secuencia, &v.Fuente, &v.API, &v.Recibido.Time)
		if err != nil {
			return nil, fmt.Errorf("read rows: %w", err)
		}
		all = append(all, v)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return all, nil
}
