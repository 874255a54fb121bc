package store_test

import (
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// TestWindowsAmongVeryManyHosts searches no more of them than it may, and finds those of the newest rows in any case.
func TestWindowsAmongVeryManyHosts(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	insert := func(host string, hora time.Time) {
		t.Helper()
		one := []sample.Sample{{Host: host, Hora: sample.NewHora(hora)}}
		if _, err := s.Insert(t.Context(), store.Request{API: "api1", Samples: one, Recibido: received}); err != nil {
			t.Fatal(err)
		}
	}
	newestIs := func(want string) {
		t.Helper()
		rows, err := s.Windows(t.Context(), time.Minute, 1, 1)
		if err != nil || len(rows) != 1 || rows[0].Host != want {
			t.Errorf("%v, %v; want a row of %s", rows, err, want)
		}
	}
	insert("a", noon)
	insert("z", noon.Add(time.Hour))
	newestIs("z")
	_, err := storetest.Plain(t, dsn).ExecContext(t.Context(), `INSERT INTO samples (total_ram, ram_libre, uso_ram, porcentaje_ram,
		porcentaje_cpu_uso, porcentaje_cpu_libre, procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados,
		hora, host, fuente, api, recibido)
		SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '2026-03-01 11:00:00', CONCAT('b-', seq), '', '', NOW() FROM seq_1_to_10000`)
	if err != nil {
		t.Fatal(err)
	}
	newestIs("a") // the first by name; z is one host, and one row, too far
	insert("z", noon)
	newestIs("z")
}
