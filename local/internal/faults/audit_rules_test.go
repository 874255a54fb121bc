package faults

import (
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/internal/sample"
)

func row(id int64, host string, n int64, api string) sample.Row {
	return sample.Row{ID: id, Sample: numbered(host, n), API: api}
}

// said is a parcel of two samples with what was said of it.
func said(key string, first int64, attempts ...attempt) *parcel {
	p := pack(key, "h", first, 2)
	p.attempts = attempts
	return p
}

func TestTheAuditSeesWhatIsWrong(t *testing.T) {
	var (
		ok       = attempt{status: 201, api: "api1", ids: []int64{1, 2}}
		away     = attempt{status: 503, code: "no_disponible"}
		who      = attempt{status: 500, code: "desconocido"}
		cut      = attempt{}
		conflict = attempt{status: 422, code: "clave_repetida"}
		one, two = row(1, "h", 1, "api1"), row(2, "h", 2, "api1")
	)
	changed := two
	changed.UsoRAM++
	for name, tt := range map[string]struct {
		parcels []*parcel
		rows    []sample.Row
		want    string // part of a fault; empty for none
	}{
		"acknowledged":                 {[]*parcel{said("", 1, ok)}, []sample.Row{one, two}, ""},
		"acknowledged after retries":   {[]*parcel{said("k", 1, who, away, cut, ok)}, []sample.Row{one, two}, ""},
		"not stored":                   {[]*parcel{said("", 1, away)}, nil, ""},
		"unknown and stored":           {[]*parcel{said("", 1, who)}, []sample.Row{one, two}, ""},
		"unknown and not stored":       {[]*parcel{said("", 1, cut)}, nil, ""},
		"a conflict":                   {[]*parcel{said("k", 1, ok), said("k", 3, conflict)}, []sample.Row{one, two}, ""},
		"lost":                         {[]*parcel{said("", 1, ok)}, nil, "acknowledged with the ids [1 2], and is stored under []"},
		"half":                         {[]*parcel{said("", 1, who)}, []sample.Row{one}, "1 of 2 samples are stored"},
		"twice":                        {[]*parcel{said("k", 1, who, ok)}, []sample.Row{one, two, row(3, "h", 1, "api1")}, "is stored 2 times"},
		"twice, of unknown outcome":    {[]*parcel{said("", 1, who)}, []sample.Row{one, two, row(3, "h", 2, "api1")}, "is stored 2 times"},
		"under another id":             {[]*parcel{said("", 1, ok)}, []sample.Row{one, row(7, "h", 2, "api1")}, "is stored under [1 7]"},
		"in another order":             {[]*parcel{said("", 1, ok)}, []sample.Row{row(2, "h", 1, "api1"), row(1, "h", 2, "api1")}, "is stored under [2 1]"},
		"other ids on a retry":         {[]*parcel{said("k", 1, ok, attempt{status: 201, api: "api1", ids: []int64{5, 6}})}, []sample.Row{one, two}, "with the ids [5 6]"},
		"another route":                {[]*parcel{said("k", 1, ok, attempt{status: 201, api: "api2", ids: []int64{1, 2}})}, []sample.Row{one, two}, "stored by api1 and acknowledged by api2"},
		"other content":                {[]*parcel{said("", 1, ok)}, []sample.Row{one, changed}, "is stored as"},
		"stored all the same":          {[]*parcel{said("k", 1, away, ok), said("", 3, away)}, []sample.Row{one, two, row(3, "h", 3, "api1"), row(4, "h", 4, "api1")}, "it was said that it is not"},
		"sent by nobody":               {nil, []sample.Row{one}, "nobody sent it"},
		"never acknowledged":           {[]*parcel{said("k", 1, who, away)}, nil, "never acknowledged"},
		"refused and stored":           {[]*parcel{said("k", 1, conflict)}, []sample.Row{one, two}, "refused and is stored"},
		"refused for nothing":          {[]*parcel{said("k", 1, conflict)}, nil, "nothing is stored under it"},
		"acknowledged and refused":     {[]*parcel{said("k", 1, ok), said("k", 1, conflict)}, []sample.Row{one, two}, "acknowledged and refused"},
		"two bodies with a key":        {[]*parcel{said("k", 1, ok), said("k", 3, attempt{status: 201, api: "api1", ids: []int64{3, 4}})}, []sample.Row{one, two, row(3, "h", 3, "api1"), row(4, "h", 4, "api1")}, "two bodies"},
		"a bug":                        {[]*parcel{said("", 1, attempt{status: 500, code: "interno"})}, nil, "answered 500"},
		"a good sample found at fault": {[]*parcel{said("", 1, attempt{status: 400, code: "muestra_invalida"})}, nil, "answered 400"},
	} {
		t.Run(name, func(t *testing.T) {
			faults := audit(tt.parcels, tt.rows)
			if tt.want == "" {
				if len(faults) > 0 {
					t.Error(faults)
				}
				return
			}
			found := false
			for _, fault := range faults {
				found = found || strings.Contains(fault.Error(), tt.want)
			}
			if !found {
				t.Errorf("found %v, want %q", faults, tt.want)
			}
		})
	}
}
