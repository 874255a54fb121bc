package verdict

import (
	"net"
	"net/url"
	"slices"

	"github.com/pulso-lab/pulso/internal/run"
)

const (
	few    = 4    // of so many levels, one that is not steady raises no doubt
	enough = 5    // steady levels that make a high confidence possible
	narrow = 0.05 // of the capacity that half its interval may be for it
)

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
