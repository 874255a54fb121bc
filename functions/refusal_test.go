package functions_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pulso-lab/pulso/functions"
	"github.com/pulso-lab/pulso/functions/internal/batch"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// A database that refuses means 503, nothing stored, and back to work by itself when the cause has gone.
func TestADatabaseThatRefuses(t *testing.T) {
	for name, cause := range map[string]struct{ begin, end string }{
		"read-only":            {"SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0"},
		"too many connections": {"ALTER USER plain@localhost WITH MAX_USER_CONNECTIONS 1", "ALTER USER plain@localhost WITH MAX_USER_CONNECTIONS 0"},
		"no right to insert":   {"REVOKE INSERT ON %s.* FROM plain@localhost", "GRANT INSERT ON %s.* TO plain@localhost"},
	} {
		for _, kind := range []string{"direct", "batch"} {
			t.Run(name+", "+kind, func(t *testing.T) {
				root := storetest.DSN(t)
				if err := storetest.Open(t, root).Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				config, err := mysql.ParseDSN(root)
				if err != nil {
					t.Fatal(err)
				}
				admin := storetest.Plain(t, root)
				run := func(statement string) {
					t.Helper()
					statement = strings.ReplaceAll(statement, "%s", config.DBName)
					if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
						t.Fatalf("%s: %v", statement, err)
					}
				}
				// Root may write where others may not.
				run("CREATE OR REPLACE USER plain@localhost")
				run("GRANT SELECT, INSERT ON %s.* TO plain@localhost")
				config.User = "plain"
				db := storetest.Open(t, config.FormatDSN())
				var writer functions.Writer = db
				if kind == "batch" {
					b := batch.New(db)
					t.Cleanup(b.Close)
					writer = b
				}
				url := start(t, "api1", "", writer, time.Now)

				run(cause.begin)
				defer run(cause.end)
				if name == "too many connections" { // somebody else has the one
					taken, err := storetest.Plain(t, config.FormatDSN()).Conn(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = taken.Close() }()
				}
				for _, key := range []string{"", fmt.Sprint("key-", kind)} {
					got := send(t, http.MethodPost, url, strings.NewReader(course), "Idempotency-Key", key)
					if got.status != 503 || got.body.Error != "no_disponible" || got.header.Get("Retry-After") == "" {
						t.Errorf("key %q: %+v", key, got)
					}
				}
				run(cause.end)
				for _, key := range []string{"", fmt.Sprint("key-", kind)} {
					if got := send(t, http.MethodPost, url, strings.NewReader(course), "Idempotency-Key", key); got.status != 201 {
						t.Errorf("key %q, when the cause has gone: %+v", key, got)
					}
				}
				if rows, err := storetest.Open(t, root).RowsAfter(t.Context(), 0, nil, 10); err != nil || len(rows) != 2 {
					t.Errorf("%d rows, %v; want two", len(rows), err)
				}
			})
		}
	}
}
