package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pulso-lab/pulso/internal/run"
)

const (
	planned  = 0.8  // of the capacity that a VM should be planned for
	tight    = 20.0 // percent of head-room: less leaves nothing for a bad day
	several  = 20.0 // times the machine: no one machine is that much bigger
	generous = 60.0 // more is paid for and not used
)

// spanish is a number that is written with a comma.
type spanish float64

// Format writes it as fmt would write the number.
func (s spanish) Format(f fmt.State, verb rune) {
	text := fmt.Sprintf(fmt.FormatString(f, verb), float64(s))
	_, _ = f.Write([]byte(strings.Replace(text, ".", ",", 1))) // as every Formatter
}

// textf writes a text in both languages. Of a value that is a text, each takes its own.
func textf(es, en string, values ...any) Text {
	inSpanish, inEnglish := slices.Clone(values), slices.Clone(values)
	for i, v := range values {
		switch v := v.(type) {
		case float64:
			inSpanish[i] = spanish(v)
		case Text:
			inSpanish[i], inEnglish[i] = v.ES, v.EN
		}
	}
	return Text{fmt.Sprintf(es, inSpanish...), fmt.Sprintf(en, inEnglish...)}
}

func users(n int) Text {
	if n == 1 {
		return Text{"1 usuario", "1 user"}
	}
	return textf("%d usuarios", "%d users", n)
}

// short is a number with as many digits as it is known to: a bucket of latencies is 9 % wide.
func short(n float64) Text {
	if n < 10 {
		return textf("%.1f", "%.1f", n)
	}
	return textf("%.0f", "%.0f", n)
}

func (t Text) and(more Text) Text { return Text{t.ES + more.ES, t.EN + more.EN} }

// percentile names the objective's percentile, as p95.
func percentile(o run.Objective) string { return fmt.Sprintf("p%g", o.Percentile) }

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }

// sentence is the recommendation.
func (j *judge) sentence() Text {
	subject := Text{"la VM", "the VM"}
	if host := j.run.VM.Host; host != "" {
		subject = Text{host, host}
	}
	if j.run.Phase == run.PhaseLeave {
		subject = Text{"la entrada", "the entry point"}
	}
	switch j.Answer {
	case Yes:
		return j.yes(subject)
	case No:
		return j.no(subject)
	default:
		return textf("No se puede decir si %s soporta %s: %s.", "Cannot say whether %s carries %s: %s.", subject, users(j.Asked), j.why)
	}
}

func (j *judge) yes(subject Text) Text {
	t := textf("Sí: %s soporta %s", "Yes: %s carries %s", subject, users(j.Asked))
	if l := j.Load; l != nil {
		t = t.and(textf(" (%s respuestas/s, %s de %s ms)", " (%s answers/s, %s %s ms)", short(l.Requests.Value), percentile(j.Objective), short(l.Latency.Value)))
	}
	if j.Saturation == nil {
		if j.run.Phase == run.PhaseLeave {
			return t.and(Text{".", "."})
		}
		if j.Carries.Users > j.Asked {
			return t.and(textf(", y hasta %d; dónde se satura no se vio.", ", and up to %d; where it saturates was not seen.", j.Carries.Users))
		}
		return t.and(Text{"; dónde se satura no se vio: mídalo antes de contar con más.", "; where it saturates was not seen: measure that before you count on more."})
	}
	t = t.and(j.knee())
	switch left := j.left(); {
	case math.IsNaN(left):
		return t.and(Text{".", "."})
	case left < tight && j.Bottleneck.Resource == Application:
		return t.and(textf("; queda un %.0f %%: suba ese límite antes de que la carga crezca.", "; %.0f %% is left: raise that limit before the load grows.", max(0, left)))
	case left < tight:
		return t.and(textf("; queda un %.0f %%: amplíela antes de que la carga crezca.", "; %.0f %% is left: enlarge it before the load grows.", max(0, left)))
	case left > generous:
		return t.and(textf("; queda un %.0f %%: pruebe una máquina más pequeña.", "; %.0f %% is left: try a smaller machine.", left))
	default:
		return t.and(textf("; queda un %.0f %%: déjela como está.", "; %.0f %% is left: keep it as it is.", left))
	}
}

func (j *judge) no(subject Text) Text {
	t := textf("No: %s no soporta %s", "No: %s does not carry %s", subject, users(j.Asked))
	if l := j.Breaks; l != nil {
		switch {
		case l.Requests.Value == 0:
			t = t.and(textf(" (con %d no hubo ninguna respuesta buena)", " (at %d there was no good answer)", l.Users))
		case l.Errors.Low > j.Objective.Errors:
			t = t.and(textf(" (con %d falla el %.1f %%)", " (at %d, %.1f %% fail)", l.Users, l.Errors.Value))
		default:
			t = t.and(textf(" (con %d, %s de %s ms)", " (at %d, %s %s ms)", l.Users, percentile(j.Objective), short(l.Latency.Value)))
		}
	}
	if c := j.Carries; c != nil && c.Users < j.Asked {
		t = t.and(textf("; hasta %d sí", "; up to %d it does", c.Users))
	}
	if j.Saturation == nil {
		return t.and(Text{".", "."})
	}
	return t.and(j.knee()).and(j.cure())
}

// knee says where the VM saturates, and why.
func (j *judge) knee() Text {
	s := j.Saturation
	t := textf("; se satura hacia los %.0f usuarios (%.0f respuestas/s), ", "; it saturates near %.0f users (%.0f answers/s), ", s.Users.Value, s.Requests.Value)
	if s.Users.Low == 0 {
		t = textf("; se satura antes de los %.0f usuarios (%.0f respuestas/s), ", "; it saturates before %.0f users (%.0f answers/s), ", s.Users.Value, s.Requests.Value)
	}
	return t.and(map[Resource]Text{
		CPU:         {"por la CPU", "for want of CPU"},
		Memory:      {"por la memoria", "for want of memory"},
		Processes:   {"por el límite de procesos", "at the limit of processes"},
		Application: {"por un límite de la propia aplicación", "at a limit of the application's own"},
		Undecided:   {"por una causa que la prueba no muestra", "for a reason that the run does not show"},
	}[j.Bottleneck.Resource])
}

// cure is what to do about a VM that does not carry the load.
func (j *judge) cure() Text {
	wanted := float64(j.Asked) / (planned * j.Saturation.Users.Value) // times what it has
	if wanted <= 1 {
		if j.Breaks.Errors.Low > j.Objective.Errors {
			return Text{": capacidad hay, pero fallan peticiones; mire por qué en la aplicación.", ": the capacity is there, but requests fail; see why in the application."}
		}
		return Text{": capacidad hay, pero responde demasiado despacio; acelere la aplicación o relaje el objetivo.", ": the capacity is there, but it answers too slowly; speed the application up or relax the objective."}
	}
	vm := j.run.VM
	if wanted > several {
		return textf(": haría falta unas %.0f veces la máquina, así que reparta la carga entre varias.", ": it would take some %.0f times the machine, so spread the load over several.", wanted)
	}
	about := Text{"unas", "about"}
	if j.Saturation.Users.Low == 0 { // the knee lies somewhere below
		about = Text{"al menos", "at least"}
	}
	switch j.Bottleneck.Resource {
	case CPU:
		if vm.CPUs > 0 {
			return textf(": dele %s %d CPU en vez de %d.", ": give it %s %d CPUs instead of %d.", about, int(math.Ceil(wanted*float64(vm.CPUs))), vm.CPUs)
		}
		return textf(": dele %s %.1f veces la CPU.", ": give it %s %.1f times the CPU.", about, wanted)
	case Memory:
		return textf(": dele %s %.1f veces la RAM.", ": give it %s %.1f times the RAM.", about, wanted)
	case Processes:
		return Text{": suba el límite de procesos (kernel.pid_max, kernel.threads-max).", ": raise the limit of processes (kernel.pid_max, kernel.threads-max)."}
	case Application:
		return textf(": una máquina mayor no ayuda, suba el límite de la aplicación (procesos de trabajo, conexiones, un cerrojo) %s %.1f veces.",
			": a bigger machine does not help, raise the application's limit (workers, connections, a lock) %s %.1f times.", about, wanted)
	default:
		return Text{".", "."}
	}
}

func (j *judge) left() float64 {
	if j.Headroom == nil {
		return math.NaN()
	}
	return j.Headroom.Value
}
