package main

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/verdict"
)

// language is one of the two that the summary is written in. What the verdict says comes with it; these are the labels.
type language struct {
	of      func(verdict.Text) string
	comma   string
	confide map[verdict.Confidence]string
	answers map[verdict.Answer]string

	missing, figure, value, low, high                              string
	asked, requests, carries, breaks, capacity, knee, headroom     string
	users, seconds, errors, meets, steady, yes, no, levels, method string
	vm, load, ramp, waits, at, from, route, other                  string
}

var languages = []language{
	{
		of: func(t verdict.Text) string { return t.EN }, comma: ".",
		confide: map[verdict.Confidence]string{verdict.High: "Confidence: high.", verdict.Medium: "Confidence: medium.", verdict.Low: "Confidence: low."},
		answers: map[verdict.Answer]string{verdict.Yes: "yes", verdict.No: "no", verdict.Unknown: "?"},
		missing: "What would make it surer", figure: "figure", value: "value", low: "95 % from", high: "to",
		asked: "load asked about, users", requests: "good answers a second", carries: "carries, users", breaks: "no longer carries, users",
		capacity: "capacity, good answers a second", knee: "knee, users", headroom: "head-room, %",
		users: "users", seconds: "seconds", errors: "errors", meets: "meets the objective", steady: "steady", yes: "yes", no: "no", levels: "Levels",
		method: "How this is found, and what it cannot see, is in docs/verdict.md of Pulso", vm: "VM", load: "Load", ramp: "stepped up past them",
		waits: "who wait %s to %s s", at: "objective", from: "from", route: "route", other: "*En español, más abajo.*",
	},
	{
		of: func(t verdict.Text) string { return t.ES }, comma: ",",
		confide: map[verdict.Confidence]string{verdict.High: "Confianza: alta.", verdict.Medium: "Confianza: media.", verdict.Low: "Confianza: baja."},
		answers: map[verdict.Answer]string{verdict.Yes: "sí", verdict.No: "no", verdict.Unknown: "?"},
		missing: "Qué lo haría más seguro", figure: "cifra", value: "valor", low: "95 % de", high: "a",
		asked: "carga por la que se pregunta, usuarios", requests: "respuestas buenas por segundo", carries: "soporta, usuarios", breaks: "ya no soporta, usuarios",
		capacity: "capacidad, respuestas buenas por segundo", knee: "rodilla, usuarios", headroom: "margen, %",
		users: "usuarios", seconds: "segundos", errors: "errores", meets: "cumple el objetivo", steady: "estable", yes: "sí", no: "no", levels: "Niveles",
		method: "Cómo se halla, y qué no puede ver, está en docs/verdict.md de Pulso", vm: "VM", load: "Carga", ramp: "por escalones y más allá",
		waits: "que esperan de %s a %s s", at: "objetivo", from: "desde", route: "ruta", other: "*In English, above.*",
	},
}

// summary is the Markdown.
func summary(all []Judged) []byte {
	var b bytes.Buffer
	for i, l := range languages {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		fmt.Fprintf(&b, "%s\n\n", l.other)
		for _, j := range all {
			l.write(&b, j)
		}
		fmt.Fprintf(&b, "%s %s.\n", l.method, escape(all[0].Version))
	}
	return b.Bytes()
}

// title names a run for a person.
func title(r run.Run) string {
	return cmp.Or(r.Name, r.VM.Host, "run") + " (" + r.ID + ")"
}

func (l language) write(b *bytes.Buffer, j Judged) {
	r, v := j.Run, j.Verdict
	fmt.Fprintf(b, "# %s\n\n**%s** %s\n\n", escape(title(r)), escape(l.of(v.Sentence)), l.confide[v.Confidence])
	fmt.Fprintf(b, "- %s: %s\n", l.vm, escape(machine(r.VM)))
	fmt.Fprintf(b, "- %s: %s\n\n", l.load, escape(l.protocol(r)))
	l.figures(b, v)
	if c := v.Routes; c != nil {
		fmt.Fprintf(b, "\n%s\n\n| %s | %s | %s | p50, ms | p99, ms | %s |\n|---|--:|--:|--:|--:|--:|\n", escape(l.of(c.Sentence)), l.route, l.requests, l.latency(v.Objective), l.errors+", %")
		for _, route := range c.Routes {
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", escape(route.Name), l.number(route.Requests.Value, 1), l.between(route.Latency),
				l.digits(route.P50), l.digits(route.P99), l.number(route.Errors.Value, 2))
		}
	}
	if len(v.Missing) > 0 {
		fmt.Fprintf(b, "\n%s:\n\n", l.missing)
		for _, m := range v.Missing {
			fmt.Fprintf(b, "- %s\n", escape(l.of(m)))
		}
	}
	l.table(b, v)
}

func (l language) figures(b *bytes.Buffer, v verdict.Verdict) {
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n|---|--:|--:|--:|\n", l.figure, l.value, l.low, l.high)
	whole := func(name string, load *verdict.Load) {
		if load != nil {
			fmt.Fprintf(b, "| %s | %d | | |\n", name, load.Users)
		}
	}
	estimate := func(name string, e verdict.Estimate, write func(float64) string) {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, write(e.Value), write(e.Low), write(e.High))
	}
	tenths := func(n float64) string { return l.number(n, 1) }
	ones := func(n float64) string { return l.number(n, 0) }
	fmt.Fprintf(b, "| %s | %d | | |\n", l.asked, v.Asked)
	if v.Load != nil {
		estimate("— "+l.requests, v.Load.Requests, tenths)
		estimate("— "+l.latency(v.Objective), v.Load.Latency, l.digits)
		estimate("— "+l.errors+", %", v.Load.Errors, tenths)
	}
	whole(l.carries, v.Carries)
	whole(l.breaks, v.Breaks)
	if s := v.Saturation; s != nil {
		estimate(l.capacity, s.Requests, tenths)
		estimate(l.knee, s.Users, ones)
	}
	if v.Headroom != nil {
		estimate(l.headroom, *v.Headroom, ones)
	}
}

func (l language) table(b *bytes.Buffer, v verdict.Verdict) {
	if len(v.Levels) == 0 {
		b.WriteString("\n")
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n| %s | %s | %s | ± | %s | %s | %s | CPU, %% | RAM, %% | %s |\n|--:|--:|--:|--:|--:|--:|---|--:|--:|---|\n",
		l.levels, l.users, l.seconds, l.requests, l.latency(v.Objective), l.errors+", %", l.meets, l.steady)
	for _, m := range v.Levels {
		steady := l.yes
		if !m.Steady {
			steady = l.no + ": " + escape(l.of(m.Reason))
		}
		fmt.Fprintf(b, "| %d | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", m.Users, m.To-m.From, l.number(m.Requests.Value, 1),
			l.number((m.Requests.High-m.Requests.Low)/2, 1), l.between(m.Latency), l.number(m.Errors.Value, 2), l.answers[m.Meets],
			l.percent(m.CPU), l.percent(m.RAM), steady)
	}
	b.WriteString("\n")
}

// machine describes a VM, as far as it is known.
func machine(vm run.VM) string {
	var parts []string
	for _, part := range []struct {
		known bool
		text  string
	}{
		{vm.Host != "", vm.Host},
		{vm.Machine != "", vm.Machine},
		{vm.CPUs > 0, fmt.Sprintf("%d CPU", vm.CPUs)},
		{vm.RAM > 0, fmt.Sprintf("%d MiB RAM", vm.RAM)},
		{vm.Kernel != "", "Linux " + vm.Kernel},
	} {
		if part.known {
			parts = append(parts, part.text)
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "?")
}

func (l language) protocol(r run.Run) string {
	p, o := r.Protocol, r.Protocol.Objective
	text := fmt.Sprintf("%d %s", p.Users, l.users)
	if p.Ramp {
		text += ", " + l.ramp
	}
	return fmt.Sprintf("%s, %s; %s; %s %s UTC, %s; %s: p%g ≤ %s ms, %s ≤ %s %%", text, fmt.Sprintf(l.waits, l.number(p.WaitMin, 1), l.number(p.WaitMax, 1)), p.Target,
		l.from, r.Start.UTC().Format(time.DateTime), r.End.Sub(r.Start).Round(time.Second), l.at, o.Percentile, l.digits(o.Latency), l.errors, l.number(o.Errors, 1))
}

func (l language) latency(o run.Objective) string { return fmt.Sprintf("p%g, ms", o.Percentile) }

// between is a latency and its interval.
func (l language) between(e verdict.Estimate) string {
	return fmt.Sprintf("%s (%s–%s)", l.digits(e.Value), l.digits(e.Low), l.digits(e.High))
}

// digits is a latency with as many digits as it is known to.
func (l language) digits(ms float64) string {
	if ms < 10 {
		return l.number(ms, 1)
	}
	return l.number(ms, 0)
}

func (l language) number(n float64, digits int) string {
	return strings.Replace(fmt.Sprintf("%.*f", digits, n), ".", l.comma, 1)
}

// percent is empty where the VM said nothing.
func (l language) percent(n float64) string {
	if n < 0 {
		return ""
	}
	return l.number(n, 0)
}

// escape makes text of others harmless in Markdown.
func escape(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case strings.ContainsRune("\\`*_[]<>|#&!", c):
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ':
			b.WriteByte(' ')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
