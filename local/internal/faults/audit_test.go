package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulso-lab/pulso/internal/sample"
)

// audit holds everything that was sent and said against everything that is stored, and returns what does not fit:
//
//   - what was acknowledged is stored once, under the ids and the route that every acknowledgement named;
//   - of a parcel with unknown outcome all samples are stored once, or none;
//   - of a parcel that was only ever said to be not stored, or refused, nothing is stored;
//   - of the parcels with one key at most one is stored, and only the others are refused;
//   - with a key, every parcel was acknowledged or refused in the end;
//   - a row is what somebody sent.
func audit(parcels []*parcel, rows []sample.Row) []error {
	a := account{rows: map[identity][]sample.Row{}, byKey: map[string]bool{}}
	for _, row := range rows {
		id := identify(row.Sample)
		a.rows[id] = append(a.rows[id], row)
	}
	for _, p := range merge(parcels) {
		a.check(p)
	}
	for _, key := range a.refused {
		if !a.byKey[key] {
			a.fault("%s was refused, and nothing is stored under it", key)
		}
	}
	for id := range a.rows {
		a.fault("%v is stored and nobody sent it", id)
	}
	return a.faults
}

// identity is what makes a sample one.
type identity struct {
	host      string
	secuencia int64
}

func identify(s sample.Sample) identity {
	if s.Secuencia == nil {
		return identity{s.Host, -1}
	}
	return identity{s.Host, *s.Secuencia}
}

// merge puts the attempts of all users with the same parcel together.
func merge(parcels []*parcel) []*parcel {
	type content struct{ key, body string }
	known := map[content]*parcel{}
	var merged []*parcel
	for _, p := range parcels {
		c := content{p.key, string(p.body)}
		if known[c] == nil {
			known[c] = &parcel{key: p.key, samples: p.samples, body: p.body}
			merged = append(merged, known[c])
		}
		known[c].attempts = append(known[c].attempts, p.attempts...)
	}
	return merged
}

type account struct {
	rows    map[identity][]sample.Row // that no parcel has claimed yet
	byKey   map[string]bool           // something is stored under the key
	refused []string                  // keys
	faults  []error
}

func (a *account) fault(format string, values ...any) {
	a.faults = append(a.faults, fmt.Errorf(format, values...))
}

// check holds one parcel against its rows, and claims them.
func (a *account) check(p *parcel) {
	found := make([]sample.Row, 0, len(p.samples))
	for _, s := range p.samples {
		rows := a.rows[identify(s)]
		delete(a.rows, identify(s))
		if len(rows) > 1 {
			a.fault("%v is stored %d times; said: %v", identify(s), len(rows), told(p.attempts))
		}
		if len(rows) > 0 {
			found = append(found, rows[0])
			if !same(rows[0].Sample, s) {
				a.fault("%v is stored as %+v", identify(s), rows[0].Sample)
			}
		}
	}
	whole, none := len(found) == len(p.samples), len(found) == 0
	if !whole && !none {
		a.fault("%d of %d samples are stored from %v on; said: %v", len(found), len(p.samples), identify(p.samples[0]), told(p.attempts))
	}
	if p.key != "" && !none {
		if a.byKey[p.key] {
			a.fault("two bodies are stored under the key %s", p.key)
		}
		a.byKey[p.key] = true
	}
	a.checkAnswers(p, found)
}

// checkAnswers holds what was said of a parcel against its rows.
func (a *account) checkAnswers(p *parcel, found []sample.Row) {
	said := map[verdict]int{}
	for _, attempt := range p.attempts {
		v := attempt.verdict()
		said[v]++
		switch v {
		case stored:
			a.checkIDs(p, attempt, found)
		case refused:
			a.refused = append(a.refused, p.key)
		case nonsense:
			a.fault("answered %v", attempt)
		default:
		}
	}
	settled := said[stored] + said[refused]
	switch {
	case said[stored] > 0 && said[refused] > 0:
		a.fault("%s was acknowledged and refused: %v", p.key, told(p.attempts))
	case said[refused] > 0 && len(found) > 0:
		a.fault("%s was refused and is stored: %v", p.key, told(p.attempts))
	case settled+said[unknown] == 0 && len(found) > 0:
		a.fault("%v is stored, and it was said that it is not: %v", identify(p.samples[0]), told(p.attempts))
	case p.key != "" && settled == 0:
		a.fault("%s was never acknowledged: %v", p.key, told(p.attempts))
	}
}

// checkIDs holds an acknowledgement against the rows of its parcel.
func (a *account) checkIDs(p *parcel, said attempt, found []sample.Row) {
	ids := make([]int64, len(found))
	for i, row := range found {
		ids[i] = row.ID
		if row.API != said.api {
			a.fault("%v was stored by %s and acknowledged by %s", identify(row.Sample), row.API, said.api)
		}
	}
	if !slices.Equal(ids, said.ids) {
		a.fault("%v was acknowledged with the ids %v, and is stored under %v", identify(p.samples[0]), said.ids, ids)
	}
}

// told is what was said of a parcel, the first of each answer.
func told(attempts []attempt) []string {
	var answers []string
	for _, a := range attempts {
		if answer := a.String(); !slices.Contains(answers, answer) {
			answers = append(answers, answer)
		}
	}
	return answers
}

func same(a, b sample.Sample) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && bytes.Equal(left, right)
}
