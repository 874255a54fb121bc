package verdict

import (
	"math"
	"net"
	"net/url"
	"slices"

	"github.com/pulso-lab/pulso/internal/run"
)

const (
	near        = 0.05 // of the users asked about: a level with so many more or fewer is theirs
	generatorAt = 90.0 // percent of a CPU: beyond, Locust itself is late
	few         = 4    // of so many levels, one that is not steady raises no doubt
	enough      = 5    // steady levels that make a high confidence possible
	narrow      = 0.05 // of the capacity that half its interval may be for it
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
	held    []*measured // those, and the ones that failed throughout, which need not be steady to break an objective
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

// confide says how sure the answer is, and what would make it surer.
func (j *judge) confide(all []*measured) {
	sure := true
	doubt := func(es, en string, values ...any) {
		sure = false
		j.miss(es, en, values...)
	}
	unsteady := len(all) - len(j.steady)
	if c := j.Carries; c != nil && slices.ContainsFunc(j.held, func(m *measured) bool { return m.Meets == No && m.Users < c.Users }) {
		doubt("con menos de %d usuarios el objetivo no se cumplió alguna vez, y con %d sí", "fewer than %d users once did not meet the objective, which %d did", c.Users, c.Users)
	}
	if few*unsteady > len(all) {
		doubt("niveles que no fueron estables y no cuentan: %d de %d", "levels that were not steady and do not count: %d of %d", unsteady, len(all))
	}
	switch {
	case j.run.Phase == run.PhaseLeave: // a replay asks nothing about a VM
	case j.late:
		doubt("el generador de carga llegó al límite de su CPU antes que la VM: repártalo (--processes, o varias máquinas) para ver dónde se satura",
			"the load generator came to the limit of its CPU before the VM did: spread it (--processes, or several machines) to see where the VM saturates")
	case j.Saturation == nil:
		j.unseen(all, doubt)
	case len(j.steady) < enough:
		doubt("niveles estables: solo %d", "steady levels: only %d", len(j.steady))
	case (j.Saturation.Requests.High-j.Saturation.Requests.Low)/2 > narrow*j.Saturation.Requests.Value:
		doubt("la capacidad solo se conoce a ±%.0f %%", "the capacity is known to ±%.0f %% only",
			50*(j.Saturation.Requests.High-j.Saturation.Requests.Low)/j.Saturation.Requests.Value)
	}
	if n := lost(j.run.Seconds); n > 0 {
		doubt("faltan %d segundos de la corrida, y los niveles se cortan en ellos", "%d seconds of the run are missing, and levels end at them", n)
	}
	if j.run.Phase == run.PhaseEnter && onItself(j.run.Protocol.Target) {
		doubt("el generador de carga corrió en la propia VM, y su CPU está en las cifras", "the load generator ran on the VM itself, and its CPU is in the figures")
	}
	switch {
	case j.Answer == Unknown || 2*unsteady > len(all):
		j.Confidence = Low
	case sure:
		j.Confidence = High
	default:
		j.Confidence = Medium
	}
}

// unseen says why no saturation was seen.
func (j *judge) unseen(all []*measured, doubt func(es, en string, values ...any)) {
	if !j.run.Protocol.Ramp {
		doubt("no se vio saturación: para saber hasta dónde llega, súbala con --ramp", "no saturation was seen: to learn how far it goes, step it up with --ramp")
		return
	}
	for _, m := range all {
		if !m.Steady && (len(j.steady) == 0 || m.Users > j.steady[len(j.steady)-1].Users) {
			doubt("no se vio saturación, porque las cargas mayores no fueron estables (con %d usuarios, %s): repita la rampa sin nada más en marcha",
				"no saturation was seen, since the largest loads were not steady (at %d users, %s): run the ramp again with nothing else at work", m.Users, m.Reason)
			return
		}
	}
	doubt("no se vio saturación: deje que la rampa siga (--ramp-limit)", "no saturation was seen: let the ramp go on (--ramp-limit)")
}

// lost counts the seconds that were not recorded.
func lost(seconds []run.Second) int {
	if len(seconds) == 0 {
		return 0
	}
	return seconds[len(seconds)-1].Second - seconds[0].Second + 1 - len(seconds)
}

// onItself says whether an address is of the machine that asks.
func onItself(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
