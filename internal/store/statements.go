package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	sampleColumns = `total_ram, ram_libre, uso_ram, porcentaje_ram, porcentaje_cpu_uso, porcentaje_cpu_libre,
		procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados,
		hora, host, secuencia, fuente, api, recibido`
	sampleValues = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	columnCount  = 17
)

// values is a list of n times the same placeholders.
func values(placeholders string, n int) string {
	return placeholders + strings.Repeat(", "+placeholders, n-1)
}

// insertSamples writes the samples of all entries in one statement and notes their ids. For an INSERT whose row count
// is known beforehand, InnoDB takes one run of neighbouring ids, of which LAST_INSERT_ID is the first
// (https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html).
func insertSamples(ctx context.Context, conn *sql.Conn, entries []entry) error {
	rows := 0
	for _, e := range entries {
		rows += len(e.request.Samples)
	}
	args := make([]any, 0, columnCount*rows)
	for _, e := range entries {
		for i := range e.request.Samples {
			s := &e.request.Samples[i]
			args = append(args, s.TotalRAM, s.RAMLibre, s.UsoRAM, s.PorcentajeRAM, s.PorcentajeCPUUso, s.PorcentajeCPULibre,
				s.ProcesosCorriendo, s.TotalProcesos, s.ProcesosDurmiendo, s.ProcesosZombie, s.ProcesosParados,
				s.Hora.Time, s.Host, s.Secuencia, s.Fuente, e.request.API, e.request.Recibido.Time)
		}
	}
	result, err := conn.ExecContext(ctx, "INSERT INTO samples ("+sampleColumns+") VALUES "+values(sampleValues, rows), args...) //nolint:gosec // placeholders only
	if err != nil {
		return err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return err
	}
	for _, e := range entries {
		ids := make([]int64, len(e.request.Samples))
		for i := range ids {
			ids[i] = id
			id++
		}
		e.outcome.Answer = Answer{API: e.request.API, IDs: ids}
	}
	return nil
}

// insertKeys writes the keys of the entries that have one, with the answers that insertSamples noted. They go in
// order, so that two transactions with several equal keys do not wait for each other.
func insertKeys(ctx context.Context, conn *sql.Conn, entries []entry) error {
	withKey := make([]entry, 0, len(entries))
	for _, e := range entries {
		if e.request.Key != "" {
			withKey = append(withKey, e)
		}
	}
	slices.SortFunc(withKey, func(a, b entry) int { return cmp.Compare(a.request.Key, b.request.Key) })
	args := make([]any, 0, 5*len(withKey))
	for _, e := range withKey {
		ids, err := json.Marshal(e.outcome.Answer.IDs)
		if err != nil {
			return err
		}
		// The ids go as text: MySQL takes no binary string for JSON.
		args = append(args, []byte(e.request.Key), e.request.Content[:], e.request.API, string(ids), e.request.Recibido.Time)
	}
	_, err := conn.ExecContext(ctx, "INSERT INTO requests (clave, contenido, api, ids, recibido) VALUES "+values("(?, ?, ?, ?, ?)", len(withKey)), args...) //nolint:gosec // placeholders only
	return err
}

// stored is a request that was stored with a key.
type stored struct {
	content []byte
	answer  Answer
}

// lookUp finds the requests that were stored with one of the keys.
func lookUp(ctx context.Context, conn *sql.Conn, keys []any) (map[string]stored, error) {
	rows, err := conn.QueryContext(ctx, "SELECT clave, contenido, api, ids FROM requests WHERE clave IN ("+values("?", len(keys))+")", keys...) //nolint:gosec // placeholders only
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found map[string]stored
	for rows.Next() {
		s := stored{answer: Answer{Replayed: true}}
		var key, ids []byte
		if err := rows.Scan(&key, &s.content, &s.answer.API, &ids); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(ids, &s.answer.IDs); err != nil {
			return nil, fmt.Errorf("ids of an earlier answer: %w", err)
		}
		if found == nil {
			found = map[string]stored{}
		}
		found[string(key)] = s
	}
	return found, errors.Join(rows.Err(), rows.Close())
}
