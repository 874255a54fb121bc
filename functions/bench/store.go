package main

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

// self is this process, whose CPU time is that of the contenders without HTTP.
var self = os.Getpid()

// inserter is what both writers of the functions have in common.
type inserter interface {
	Insert(ctx context.Context, r store.Request) (store.Answer, error)
}

// atTheStore is one of our writers, called without HTTP.
func atTheStore(name string, w inserter) contender {
	connect := func(_ context.Context, n int) ([]writer, func(), error) {
		writers := make([]writer, n)
		for i := range writers {
			secuencia := firstSecuencia()
			writers[i] = func(ctx context.Context) (int, error) {
				secuencia++
				answer, err := w.Insert(ctx, store.Request{
					API: name, Samples: []sample.Sample{vitals(i, secuencia)}, Recibido: sample.NewRecibido(time.Now()),
				})
				return len(answer.IDs), err
			}
		}
		return writers, func() {}, nil
	}
	return contender{name: name, pid: self, connect: connect}
}

// loadRows is how many rows a LOAD DATA brings: so many that more would not make it faster.
const loadRows = 50_000

// loadData is the fastest that the server has: LOAD DATA LOCAL INFILE into the same table, on one connection however many
// writers there are.
func loadData(db *sql.DB) contender {
	text := table(loadRows)
	mysql.RegisterReaderHandler("rows", func() io.Reader { return bytes.NewReader(text) })
	one := func(ctx context.Context) (int, error) {
		result, err := db.ExecContext(ctx, "LOAD DATA LOCAL INFILE 'Reader::rows' INTO TABLE samples ("+columns+")")
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		return int(n), err
	}
	connect := func(context.Context, int) ([]writer, func(), error) { return []writer{one}, func() {}, nil }
	return contender{name: "LOAD DATA", pid: self, connect: connect}
}
