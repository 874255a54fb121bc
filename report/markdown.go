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

// language is one of the two that the summary is written in.
type language struct {
	name    string
	of      func(verdict.Text) string
	comma   string
	confide map[verdict.Confidence]string
	missing string

	figure, value, low, high                               string
	asked, carries, breaks, capacity, knee, headroom       string
	users, answers, errors, steady, yes, no, level, method string
	vm, protocol                                           string
}

var languages = []language{
	{
		name: "English", of: func(t verdict.Text) string { return t.EN }, comma: ".",
		confide: map[verdict.Confidence]string{verdict.High: "Confidence: high.", verdict.Medium: "Confidence: medium.", verdict.Low: "Confidence: low."},
		missing: "What would make it surer", figure: "figure", value: "value", low: "95 % from", high: "to",
		asked: "load asked about, users", carries: "carries, users", breaks: "no longer carries, users",
		capacity: "capacity, good answers/s", knee: "knee, users", headroom: "head-room, %",
		users: "users", answers: "good answers/s", errors: "errors, %", steady: "steady", yes: "yes", no: "no", level: "Levels",
		method: "How this was found, and what it cannot see: docs/verdict.md.", vm: "VM", protocol: "Load",
	},
	{
		name: "Español", of: func(t verdict.Text) string { return t.ES }, comma: ",",
		confide: map[verdict.Confidence]string{verdict.High: "Confianza: alta.", verdict.Medium: "Confianza: media.", verdict.Low: "Confianza: baja."},
		missing: "Qué lo haría más seguro", figure: "cifra", value: "valor", low: "95 % de", high: "a",
		asked: "carga por la que se pregunta, usuarios", carries: "soporta, usuarios", breaks: "ya no soporta, usuarios",
		capacity: "capacidad, respuestas buenas/s", knee: "rodilla, usuarios", headroom: "margen, %",
		users: "usuarios", answers: "respuestas buenas/s", errors: "errores, %", steady: "estable", yes: "sí", no: "no", level: "Niveles",
		method: "Cómo se halló, y qué no se puede ver: docs/verdict.md.", vm: "VM", protocol: "Carga",
	},
}

// summary is the Markdown.
func summary(all []Judged) []byte {
	var b bytes.Buffer
	for i, l := range languages {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		for _, j := range all {
			l.write(&b, j)
		}
		fmt.Fprintf(&b, "%s Pulso %s.\n", l.method, escape(all[0].Version))
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
	fmt.Fprintf(b, "- %s: %s\n\n", l.protocol, escape(l.load(r)))
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n|---|--:|--:|--:|\n", l.figure, l.value, l.low, l.high)
	whole := func(name string, users int) { fmt.Fprintf(b, "| %s | %d | | |\n", name, users) }
	estimate := func(name string, e verdict.Estimate, digits int) {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, l.number(e.Value, digits), l.number(e.Low, digits), l.number(e.High, digits))
	}
	whole(l.asked, v.Asked)
	if v.Carries != nil {
		whole(l.carries, v.Carries.Users)
	}
	if v.Breaks != nil {
		whole(l.breaks, v.Breaks.Users)
	}
	if s := v.Saturation; s != nil {
		estimate(l.capacity, s.Requests, 1)
		estimate(l.knee, s.Users, 0)
	}
	if v.Headroom != nil {
		estimate(l.headroom, *v.Headroom, 0)
	}
	if c := v.Routes; c != nil {
		fmt.Fprintf(b, "\n%s\n", escape(l.of(c.Sentence)))
	}
	if len(v.Missing) > 0 {
		fmt.Fprintf(b, "\n%s:\n\n", l.missing)
		for _, m := range v.Missing {
			fmt.Fprintf(b, "- %s\n", escape(l.of(m)))
		}
	}
	l.levels(b, v)
}

func (l language) levels(b *bytes.Buffer, v verdict.Verdict) {
	if len(v.Levels) == 0 {
		b.WriteString("\n")
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n| %s | s | %s | ± | p%g, ms | %s | CPU, %% | RAM, %% | %s |\n|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
		l.level, l.users, l.answers, v.Objective.Percentile, l.errors, l.steady)
	for _, m := range v.Levels {
		steady := l.yes
		if !m.Steady {
			steady = l.no + ": " + escape(l.of(m.Reason))
		}
		fmt.Fprintf(b, "| %d | %d | %s | %s | %s | %s | %s | %s | %s |\n", m.Users, m.To-m.From, l.number(m.Requests.Value, 1),
			l.number((m.Requests.High-m.Requests.Low)/2, 1), l.number(m.Latency.Value, 1), l.number(m.Errors.Value, 2),
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

func (l language) load(r run.Run) string {
	p := r.Protocol
	o := p.Objective
	text := fmt.Sprintf("%d %s", p.Users, l.users)
	if p.Ramp {
		text += " --ramp"
	}
	return fmt.Sprintf("%s, %s–%s s, %s, p%g ≤ %s ms, %s ≤ %s, %s", text, l.number(p.WaitMin, 1), l.number(p.WaitMax, 1),
		r.Start.UTC().Format(time.DateTime)+" UTC + "+r.End.Sub(r.Start).Round(time.Second).String(),
		o.Percentile, l.number(o.Latency, 0), l.errors, l.number(o.Errors, 1), p.Target)
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
