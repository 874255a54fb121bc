package account_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/account"
	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/phase"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestWhatWasAcknowledgedIsHeldAgainstWhatIsStored(t *testing.T) {
	db := storetest.New(t)
	samples, err := sample.Decode(golden.RecordingJSON())
	if err != nil {
		t.Fatal(err)
	}
	insert := func(api string, n int) []int64 {
		answer, err := db.Insert(t.Context(), store.Request{API: api, Samples: samples[:n], Recibido: sample.NewRecibido(time.Now())})
		if err != nil {
			t.Fatal(err)
		}
		return answer.IDs
	}
	if last, err := account.Last(t.Context(), db); last != 0 || err != nil {
		t.Errorf("empty table: last %d, %v", last, err)
	}
	earlier := insert("api1", 4)
	before, err := account.Last(t.Context(), db)
	if err != nil || before != earlier[3] {
		t.Fatalf("last %d, %v; want %d", before, err, earlier[3])
	}
	ids := slices.Clip(slices.Concat(insert("api1", 3), insert("api2", 2)))
	sent := func(ids ...int64) phase.Summary {
		return phase.Summary{Records: len(ids), Acknowledged: len(ids), AcknowledgedIDs: ids}
	}
	left := sent(ids...)
	left.Left = 1
	twice := sent(ids...)
	twice.Acknowledged++
	for name, tt := range map[string]struct {
		sent  phase.Summary
		wrong string
	}{
		"all is well":        {sent(ids...), ""},
		"a row is missing":   {sent(append(ids, 1_000_000)...), "1 acknowledged rows are not in the database, the first with id 1000000"},
		"a row of before":    {sent(append(ids, earlier[0])...), "1 acknowledged rows are not in the database"},
		"a row of others":    {sent(ids[1:]...), ""},
		"one more than ids":  {twice, "6 of 5 records were acknowledged, with 5 different ids"},
		"one id for two":     {sent(append(ids, ids[1])...), "6 of 6 records were acknowledged, with 5 different ids"},
		"a record was left":  {left, "0 records were refused and 1 are left of 5"},
		"nothing was stored": {sent(1_000_000, 1_000_001), "2 acknowledged rows are not in the database"},
	} {
		r, err := account.Make(t.Context(), db, before, tt.sent)
		if err != nil {
			t.Fatal(err)
		}
		if r.Total() != 5 || r.Stored["api1"] != 3 || r.Stored["api2"] != 2 {
			t.Errorf("%s: stored %v", name, r.Stored)
		}
		var out strings.Builder
		r.Print(&out)
		err = r.Check()
		if others := strings.Contains(out.String(), "1 of them are not of this run"); others != (name == "a row of others") {
			t.Errorf("%s: others are said: %t", name, others)
		}
		switch {
		case tt.wrong == "" && (err != nil || !strings.Contains(out.String(), "every acknowledged sample is in the database, once")):
			t.Errorf("%s: %v\n%s", name, err, out.String())
		case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong) || !strings.Contains(out.String(), "CHECK FAILED")):
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
	}
}
