package store_test

import (
	"testing"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// Statements of many rows are prepared: of each size once, and of a bounded number of sizes.
func TestManyRowsArePreparedOnceForEachSize(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := storetest.Plain(t, dsn)
	status := func(name string) (n int) {
		t.Helper()
		if err := plain.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	conn, err := s.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	before, held := status("Com_stmt_prepare"), status("Prepared_stmt_count")
	total := 0
	for range 3 {
		for _, rows := range []int{1, 30, 31, 500} {
			r := request("", total, rows)
			outcome := conn.Insert(t.Context(), []store.Request{r})[0]
			checkOwn(t, storetest.Marks(t, s), r, outcome)
			total += rows
		}
	}
	if n := status("Com_stmt_prepare") - before; n != 2 {
		t.Errorf("%d statements were prepared, want one for 31 rows and one for 500", n)
	}
	for rows := 100; rows < 150; rows++ {
		r := request("", total, rows)
		outcome := conn.Insert(t.Context(), []store.Request{r})[0]
		if outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
		total += rows
	}
	if n := status("Prepared_stmt_count") - held; n != 32 {
		t.Errorf("the connection holds %d prepared statements, want the bound", n)
	}
	if n := len(storetest.Marks(t, s)); n != total {
		t.Errorf("%d rows, want %d", n, total)
	}
}

// A server that prepares no more still takes rows.
func TestWithoutPreparedStatementsRowsGoAsText(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := storetest.Plain(t, dsn)
	if _, err := plain.ExecContext(t.Context(), "SET GLOBAL max_prepared_stmt_count = 0"); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = plain.Exec("SET GLOBAL max_prepared_stmt_count = DEFAULT") }()
	r := request("", 0, 200)
	if outcome := together(t, s, r)[0]; outcome.Err != nil {
		t.Fatal(outcome.Err)
	}
	if n := len(storetest.Marks(t, s)); n != 200 {
		t.Errorf("%d rows", n)
	}
}
