package verdict

import (
	"math"
	"slices"

	"github.com/pulso-lab/pulso/internal/run"
)

const (
	near        = 0.05 // of the users asked about: a level with so many more or fewer is theirs
	generatorAt = 90.0 // percent of a CPU: beyond, Locust itself is late
)

// Of judges a run. Asked is the number of users asked about, 0 for that of its protocol.
func Of(r run.Run, objective run.Objective, asked int) Verdict {
	if asked <= 0 {
		asked = r.Protocol.Users
	}
	seconds := withoutEnd(applicationSeconds(r), r)
	j := judge{run: r, Verdict: Verdict{Objective: objective, Asked: asked, Levels: []Level{}, Missing: []Text{}}}
	all := levelsOf(seconds, objective)
	j.sort(all)
	j.load(all)
	j.saturate()
	j.answer(all)
	j.agree()
	j.confide(all)
	if r.Phase == run.PhaseLeave {
		j.Routes = compare(r, objective)
	}
	for _, m := range all {
		j.Levels = append(j.Levels, m.Level)
	}
	j.Sentence = j.sentence()
	return j.Verdict
}

// withoutEnd leaves out the last second, which is not a whole one, and of a replay the time in which its users find fewer and
// fewer records.
func withoutEnd(seconds []second, r run.Run) []second {
	last := 1
	if p := r.Protocol; r.Phase == run.PhaseLeave && p.Speed > 0 {
		last += int(math.Ceil(min(p.WaitMax/p.Speed, float64(len(seconds)))))
	}
	return seconds[:max(0, len(seconds)-last)]
}

// judge makes a verdict.
type judge struct {
	Verdict
	run     run.Run
	steady  []*measured // in order of users
	held    []*measured // those, and the ones that broke the objective throughout, for which they need not be steady
	plateau *plateau
	why     Text // there is no answer
	late    bool // the load generator was at its limit where the throughput ended
}

// sort takes the levels that count.
func (j *judge) sort(all []*measured) {
	take := func() {
		j.steady = slices.DeleteFunc(slices.Clone(all), func(m *measured) bool { return !m.Steady })
		slices.SortStableFunc(j.steady, func(a, b *measured) int { return a.Users - b.Users })
	}
	take()
	disturb(j.steady)
	take()
}

// load finds what was got at the load asked about, and where what meets the objective ends.
func (j *judge) load(all []*measured) {
	for _, m := range all {
		if m.Steady || m.fails {
			j.held = append(j.held, m)
		}
	}
	slices.SortStableFunc(j.held, func(a, b *measured) int { return a.Users - b.Users })
	for _, m := range j.held {
		if j.isNear(m) && (j.Load == nil || abs(m.Users-j.Asked) < abs(j.Load.Users-j.Asked)) {
			j.Load = m.load()
		}
		if m.Meets == Yes {
			j.Carries = m.load()
		}
	}
	for _, m := range j.held {
		if m.Meets == No && j.Breaks == nil && (j.Carries == nil || m.Users > j.Carries.Users) {
			j.Breaks = m.load()
		}
	}
}

func (m *measured) load() *Load { return &Load{m.Users, m.Requests, m.Latency, m.Errors} }

// isNear says whether a level is one of the users asked about.
func (j *judge) isNear(m *measured) bool {
	return math.Abs(float64(m.Users-j.Asked)) <= near*float64(j.Asked)
}

func abs(n int) int { return max(n, -n) }

// saturate finds the capacity and what sets it.
func (j *judge) saturate() {
	loads := make([]load, len(j.steady))
	for i, m := range j.steady {
		loads[i] = load{float64(m.Users), m.Requests.Value, m.deviate}
	}
	j.Law = lawOf(loads)
	p := plateauOf(j.steady)
	if p != nil {
		generator := 0.0
		for _, m := range p.levels {
			generator = max(generator, m.Generator)
		}
		if j.late = generator >= generatorAt; !j.late {
			j.plateau = p
			j.Saturation = p.saturation()
		}
	}
	j.Bottleneck = bottleneckOf(j.steady, j.plateau, j.run.VM)
	j.Headroom = j.headroom()
}

// headroom is what is left of the capacity by the load that the users asked about would make if nobody waited.
func (j *judge) headroom() *Estimate {
	s := j.Saturation
	if s == nil || s.Users.Low == 0 {
		return nil
	}
	left := func(knee float64) float64 { return 100 * (1 - float64(j.Asked)/knee) }
	return &Estimate{left(s.Users.Value), left(s.Users.Low), left(s.Users.High)}
}

// answer says whether the load asked about is carried: by what was measured at it, or else by a greater load that is carried,
// or a smaller one that is not.
func (j *judge) answer(all []*measured) {
	j.Answer = Unknown
	if j.Asked <= 0 {
		j.cannot("no se preguntó por ninguna carga", "no load was asked about")
		return
	}
	at, below, above := Yes, Unknown, Unknown
	for _, m := range j.held {
		switch {
		case j.Load != nil && m.Users == j.Load.Users:
			at = worse(at, m.Meets)
		case m.Users < j.Asked && m.Meets == No:
			below = No
		case m.Users > j.Asked && m.Meets == Yes:
			above = Yes
		}
	}
	switch {
	case j.Load != nil:
		j.Answer = at
	case below == No && above == Yes:
		j.cannot("se cumplió el objetivo con más de %d usuarios y no con menos: algo estorbó; repita la prueba, y mantenga esa carga",
			"the objective was met by more than %d users and not by fewer: something was in the way; run it again, and hold that load", j.Asked)
		return
	case below == No:
		j.Answer = No
	case above == Yes:
		j.Answer = Yes
	}
	if j.Answer == No && j.slowGenerator() {
		j.Answer = Unknown
		j.cannot("el generador de carga estuvo al límite de su CPU, y lo lento puede ser él: repártalo (--processes, o varias máquinas)",
			"the load generator was at the limit of its CPU, and may be what was slow: spread it (--processes, or several machines)")
		return
	}
	if j.Answer != Unknown {
		return
	}
	if j.Load != nil {
		j.cannot("con %d usuarios el objetivo cae dentro de la incertidumbre (%s de %.0f a %.0f ms, errores de %.1f a %.1f %%): mantenga esa carga más tiempo",
			"at %d users the objective lies within the uncertainty (%s of %.0f to %.0f ms, errors of %.1f to %.1f %%): hold that load longer",
			j.Load.Users, percentile(j.Objective), j.Load.Latency.Low, j.Load.Latency.High, j.Load.Errors.Low, j.Load.Errors.High)
		return
	}
	for _, m := range all {
		if !m.Steady && j.isNear(m) {
			j.cannot("con %d usuarios no hubo un tramo estable (%s): repita la prueba sin nada más en marcha, y mantenga esa carga más tiempo",
				"at %d users nothing was steady (%s): run it again with nothing else at work, and hold that load longer", m.Users, m.Reason)
			return
		}
	}
	if c, b := j.Carries, j.Breaks; c != nil && b != nil && c.Users < j.Asked && j.Asked < b.Users {
		j.cannot("soporta %d usuarios y no %d, y %d no se probaron: mantenga esa carga", "it carries %d users and not %d, and %d were not tried: hold that load", c.Users, b.Users, j.Asked)
		return
	}
	if n := lost(j.run.Seconds); n > 0 {
		j.cannot("faltan %d segundos de la corrida, y con %d usuarios no queda un tramo de %d s", "%d seconds of the run are missing, and at %d users no stretch of %d s is left", n, j.Asked, shortest+1)
		return
	}
	j.cannot("la prueba no mantuvo %d usuarios al menos %d s: mantenga esa carga más tiempo, o súbala con --ramp",
		"the run did not hold %d users for %d s at least: hold that load longer, or step up to it with --ramp", j.Asked, shortest+1)
}

// agree lets what is carried end before what made the answer a no.
func (j *judge) agree() {
	if j.Answer != No {
		return
	}
	first := slices.IndexFunc(j.held, func(m *measured) bool { return m.Meets == No })
	j.Carries, j.Breaks = nil, j.held[first].load()
	for _, m := range j.held[:first] {
		if m.Meets == Yes && m.Users < j.Breaks.Users {
			j.Carries = m.load()
		}
	}
}

// worse is the answer of two levels with the same users.
func worse(a, b Answer) Answer {
	switch {
	case a == No || b == No:
		return No
	case a == Unknown || b == Unknown:
		return Unknown
	}
	return Yes
}

func (j *judge) slowGenerator() bool {
	return slices.ContainsFunc(j.held, func(m *measured) bool {
		return m.Meets == No && (m.Users <= j.Asked || j.isNear(m)) && m.Generator >= generatorAt
	})
}

// cannot says why there is no answer.
func (j *judge) cannot(es, en string, values ...any) { j.why = textf(es, en, values...) }

func (j *judge) miss(es, en string, values ...any) {
	j.Missing = append(j.Missing, textf(es, en, values...))
}
