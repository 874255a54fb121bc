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

// Recent is the lowest id among the rows that were inserted, by the database's clock, within span of the newest
// one; 0 when there are no rows. It walks the primary key backwards, so that it costs what it spans.
func (s *Store) Recent(ctx context.Context, span time.Duration) (int64, error) {
	const step = 10_000
	const query = `SELECT MIN(id), MIN(guardado), MAX(guardado)
		FROM (SELECT id, guardado FROM samples WHERE id < ? ORDER BY id DESC LIMIT ?) AS newest`
	lowest, limit := int64(sample.MaxInteger), time.Time{}
	for {
		var id sql.NullInt64
		var oldest, newest sql.NullTime
		if err := s.db.QueryRowContext(ctx, query, lowest, step).Scan(&id, &oldest, &newest); err != nil {
			return 0, fmt.Errorf("find the recent rows: %w", err)
		}
		if !id.Valid { // no row is left below
			break
		}
		if limit.IsZero() {
			limit = newest.Time.Add(-span)
		}
		lowest = id.Int64
		if oldest.Time.Before(limit) {
			break
		}
	}
	var recent sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT MIN(id) FROM samples WHERE id >= ? AND guardado >= ?", lowest, limit).Scan(&recent); err != nil {
		return 0, fmt.Errorf("find the recent rows: %w", err)
	}
	return recent.Int64, nil
}

// Windows reads, for each of the hosts with the newest `hora` (at most hosts of them), the rows of the last span
// before its newest `hora`, at most limit in all, the newest; in order of id.
func (s *Store) Windows(ctx context.Context, span time.Duration, hosts, limit int) ([]sample.Row, error) {
	var all []Visible
	newest, err := s.newest(ctx, hosts)
	if err != nil {
		return nil, err
	}
	for host, hora := range newest {
		window, err := s.rows(ctx, rowColumns+"WHERE host = ? AND hora >= ? ORDER BY hora DESC, id DESC LIMIT ?", host, hora.Add(-span), limit)
		if err != nil {
			return nil, err
		}
		all = append(all, window...)
	}
	slices.SortFunc(all, func(a, b Visible) int { return cmp.Compare(a.ID, b.ID) })
	rows := make([]sample.Row, 0, min(len(all), limit))
	for _, v := range all[max(0, len(all)-limit):] {
		rows = append(rows, v.Row)
	}
	return rows, nil
}

// newest is the newest `hora` of each host; the index samples_host_hora answers it without reading rows.
func (s *Store) newest(ctx context.Context, hosts int) (map[string]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT host, MAX(hora) AS newest FROM samples GROUP BY host ORDER BY newest DESC LIMIT ?", hosts)
	if err != nil {
		return nil, fmt.Errorf("read the hosts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	newest := map[string]time.Time{}
	for rows.Next() {
		var host string
		var hora time.Time
		if err := rows.Scan(&host, &hora); err != nil {
			return nil, fmt.Errorf("read the hosts: %w", err)
		}
		newest[host] = hora
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
