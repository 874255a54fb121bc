package rollup

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
)

// Rows are retired after they were rolled up, with one line for all of them.
func TestRetirementIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(6, 6))
	tx, err := w.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2500 {
		if _, err := tx.ExecContext(t.Context(), insert, some(random).args()...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	w.exec("UPDATE samples SET guardado = NOW(6) - INTERVAL 2 HOUR WHERE id <= 2400")
	minutes, _ := w.expected()
	k := w.keeper("a", store.Retention{Rows: time.Hour, Minutes: 24 * time.Hour, Hours: 24 * time.Hour})
	w.settle(k)
	w.settle(k)
	if left, stored := w.number("SELECT COUNT(*) FROM samples"), w.stored("samples_by_minute"); left != 100 || len(stored) != len(minutes) {
		t.Errorf("%d rows are left, and %d of %d minutes", left, len(stored), len(minutes))
	}
	if w.log.has("rows_retired") != 1 || !strings.Contains(w.log.text.String(), "rows_retired samples=2400") {
		t.Error(w.log.text.String())
	}
}
