package run

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pulso-lab/pulso/internal/sample"
)

// The fields of the document. One that is not required is empty, or 0, where it is absent.
var (
	runFields = []field[Run]{
		{"version", true, whole(MaxNumber, func(r *Run) *int { return &r.Version })},
		{"id", true, text(CheckID, func(r *Run) *string { return &r.ID })},
		{"name", false, text(CheckName, func(r *Run) *string { return &r.Name })},
		{"phase", true, whole(PhaseLeave, func(r *Run) *int { return &r.Phase })},
		{"recording", false, text(orEmpty(CheckID), func(r *Run) *string { return &r.Recording })},
		{"vm", false, within(vmFields, func(r *Run) *VM { return &r.VM })},
		{"protocol", true, within(protocolFields, func(r *Run) *Protocol { return &r.Protocol })},
		{"start", true, moment(func(r *Run) *time.Time { return &r.Start })},
		{"end", true, moment(func(r *Run) *time.Time { return &r.End })},
		{"seconds", true, readSeconds},
	}
	vmFields = []field[VM]{
		{"host", false, text(orEmpty(sample.CheckHost), func(v *VM) *string { return &v.Host })},
		{"cpus", false, whole(MaxNumber, func(v *VM) *int { return &v.CPUs })},
		{"ram_mib", false, whole(MaxNumber, func(v *VM) *int64 { return &v.RAM })},
		{"machine", false, text(checkText(maxText), func(v *VM) *string { return &v.Machine })},
		{"kernel", false, text(checkText(maxText), func(v *VM) *string { return &v.Kernel })},
		{"processes", false, whole(MaxNumber, func(v *VM) *int64 { return &v.Processes })},
	}
	protocolFields = []field[Protocol]{
		{"users", true, whole(MaxNumber, func(p *Protocol) *int { return &p.Users })},
		{"spawn_rate", false, number(MaxNumber, func(p *Protocol) *float64 { return &p.SpawnRate })},
		{"wait_min", false, number(MaxNumber, func(p *Protocol) *float64 { return &p.WaitMin })},
		{"wait_max", false, number(MaxNumber, func(p *Protocol) *float64 { return &p.WaitMax })},
		{"duration", false, number(MaxNumber, func(p *Protocol) *float64 { return &p.Duration })},
		{"ramp", false, boolean(func(p *Protocol) *bool { return &p.Ramp })},
		{"speed", false, number(MaxNumber, func(p *Protocol) *float64 { return &p.Speed })},
		{"target", false, text(checkText(maxAddress), func(p *Protocol) *string { return &p.Target })},
		{"records", false, whole(MaxNumber, func(p *Protocol) *int { return &p.Records })},
		{"objective", false, readObjective},
		{"workload", false, within(workloadFields, func(p *Protocol) *Workload {
			p.Workload = &Workload{}
			return p.Workload
		})},
	}
	workloadFields = []field[Workload]{
		{"cpu_ms", false, number(MaxNumber, func(w *Workload) *float64 { return &w.CPU })},
		{"memoria_mib", false, whole(MaxNumber, func(w *Workload) *int { return &w.Memory })},
	}
	objectiveFields = []field[Objective]{
		{"percentile", true, number(MaxNumber, func(o *Objective) *float64 { return &o.Percentile })},
		{"latency_ms", true, number(MaxNumber, func(o *Objective) *float64 { return &o.Latency })},
		{"errors_percent", true, number(MaxNumber, func(o *Objective) *float64 { return &o.Errors })},
	}
	secondFields = []field[Second]{
		{"second", true, whole(MaxSeconds-1, func(s *Second) *int { return &s.Second })},
		{"users", true, whole(MaxNumber, func(s *Second) *int { return &s.Users })},
		{"generator_percent", false, number(MaxNumber, func(s *Second) *float64 { return &s.Generator })},
		{"vitals", false, within(vitalsFields, func(s *Second) *Vitals {
			s.Vitals = &Vitals{}
			return s.Vitals
		})},
		{"targets", true, readTargets},
	}
	vitalsFields = []field[Vitals]{
		{"hora", true, readHora},
		{"porcentaje_cpu_uso", true, number(100, func(v *Vitals) *float64 { return &v.CPU })},
		{"porcentaje_ram", true, number(100, func(v *Vitals) *float64 { return &v.RAM })},
		{"procesos_corriendo", true, number(MaxNumber, func(v *Vitals) *float64 { return &v.Running })},
		{"total_procesos", true, number(MaxNumber, func(v *Vitals) *float64 { return &v.Processes })},
	}
	targetFields = []field[Target]{
		{"name", true, text(checkTarget, func(t *Target) *string { return &t.Name })},
		{"requests", true, whole(MaxNumber, func(t *Target) *int64 { return &t.Requests })},
		{"failures", true, whole(MaxNumber, func(t *Target) *int64 { return &t.Failures })},
		{"latency", true, readLatency},
	}
)

// check looks at what only several fields say together, or what not every number of a kind is.
func (d *decoder) check(r *Run) {
	if r.Version != Version {
		d.fault("version", fmt.Sprintf("is %d: this program knows %d", r.Version, Version))
	}
	if r.Phase == 0 {
		d.fault("phase", "is 0, neither 1 nor 2")
	}
	if r.End.Before(r.Start) {
		d.fault("end", "is before start")
	}
}

func readObjective(d *decoder, p *Protocol) error {
	p.Objective = Objective{}
	return d.whenRight(func() error { return object(d, objectiveFields, &p.Objective) }, func() {
		if err := p.Objective.Check(); err != nil {
			d.fault("", err.Error())
		}
	})
}

// Check says why an objective is none, for a sentence that begins with where it stands.
func (o Objective) Check() error {
	switch {
	case !(o.Percentile > 0 && o.Percentile < 100):
		return fmt.Errorf("has the percentile %g: it must be over 0 and under 100", o.Percentile)
	case !(o.Latency > 0 && o.Latency <= MaxNumber):
		return fmt.Errorf("has a latency of %g ms: it must be over 0, and at most %d", o.Latency, MaxNumber)
	case !(o.Errors >= 0 && o.Errors <= 100):
		return fmt.Errorf("has %g %% of errors: it must be 0 to 100", o.Errors)
	}
	return nil
}

func readSeconds(d *decoder, r *Run) error {
	r.Seconds = []Second{}
	return d.array(d.seconds, func() error {
		r.Seconds = append(r.Seconds, Second{})
		return d.whenRight(func() error { return object(d, secondFields, &r.Seconds[len(r.Seconds)-1]) }, func() {
			if n := len(r.Seconds); n > 1 && r.Seconds[n-1].Second <= r.Seconds[n-2].Second {
				d.fault("second", fmt.Sprintf("is %d, after %d: they must ascend", r.Seconds[n-1].Second, r.Seconds[n-2].Second))
			}
		})
	})
}

func readTargets(d *decoder, s *Second) error {
	s.Targets = []Target{}
	return d.array(MaxTargets, func() error {
		s.Targets = append(s.Targets, Target{})
		n := len(s.Targets)
		t := &s.Targets[n-1]
		return d.whenRight(func() error { return object(d, targetFields, t) }, func() {
			switch good := t.Requests - t.Failures; {
			case n > 1 && t.Name <= s.Targets[n-2].Name:
				d.fault("name", fmt.Sprintf("is %q, after %q: they must be in order, each once", t.Name, s.Targets[n-2].Name))
			case good < 0:
				d.fault("failures", fmt.Sprintf("is %d, of %d requests", t.Failures, t.Requests))
			case t.Latency.Count() > uint64(good):
				d.fault("latency", fmt.Sprintf("counts %d good answers, of %d", t.Latency.Count(), good))
			}
		})
	})
}

func readLatency(d *decoder, t *Target) error {
	value, err := d.json.ReadValue()
	if err != nil {
		return err
	}
	if err := t.Latency.UnmarshalJSON(value); err != nil {
		d.fault("", "is wrong: "+strings.TrimPrefix(err.Error(), "latency: "))
	}
	return nil
}

// readHora keeps the wire form, whatever form came.
func readHora(d *decoder, v *Vitals) error {
	return d.text(func(s string) error {
		hora, err := sample.ParseHora(s)
		if err != nil {
			return fmt.Errorf("is wrong: %w", err)
		}
		v.Hora = hora.String()
		return nil
	})
}

// moment reads RFC 3339, within the years that the database has.
func moment(at func(*Run) *time.Time) func(*decoder, *Run) error {
	return func(d *decoder, r *Run) error {
		return d.text(func(s string) error {
			t, err := time.Parse(time.RFC3339, s)
			if err != nil {
				return fmt.Errorf("is %.40q, not a time like 2026-11-30T18:42:37Z", s)
			}
			if year := t.UTC().Year(); year < 1970 || year > 9999 {
				return fmt.Errorf("is %.40q, outside the years 1970 to 9999", s)
			}
			*at(r) = t.UTC()
			return nil
		})
	}
}

var (
	idForm     = regexp.MustCompile(fmt.Sprintf(`^[a-z0-9-]{1,%d}$`, maxID))
	targetForm = regexp.MustCompile(fmt.Sprintf(`^[a-z0-9_-]{1,%d}$`, maxTarget))
)

// CheckID says why a text cannot be a run's id, for a sentence that begins with where it stands.
func CheckID(id string) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("is %.80q: it must be 1 to %d of a–z, 0–9 and -", id, maxID)
	}
	return nil
}

// CheckName says why a text cannot be a run's name, as CheckID does.
func CheckName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n > MaxName:
		return fmt.Errorf("has %d characters, over %d", n, MaxName)
	case !utf8.ValidString(name):
		return errors.New("is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl), strings.ContainsFunc(name, turnsText):
		return errors.New("has control characters")
	case name != "" && !strings.ContainsFunc(name, isSeen):
		return errors.New("has nothing that can be seen; empty, it says that there is none")
	}
	return nil
}

// turnsText says whether a character turns the direction of the text around it (Unicode Standard Annex 9), which makes a name
// look like another.
func turnsText(c rune) bool { return unicode.Is(unicode.Bidi_Control, c) }

func isSeen(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsSpace(c) }

func checkTarget(name string) error {
	if !targetForm.MatchString(name) {
		return fmt.Errorf("is %.40q: it must be 1 to %d of a–z, 0–9, _ and -", name, maxTarget)
	}
	return nil
}

func checkText(most int) func(string) error {
	return func(s string) error {
		switch {
		case len(s) > most:
			return fmt.Errorf("has %d bytes, over %d", len(s), most)
		case strings.ContainsFunc(s, unicode.IsControl):
			return errors.New("has control characters")
		}
		return nil
	}
}

func orEmpty(check func(string) error) func(string) error {
	return func(s string) error {
		if s == "" {
			return nil
		}
		return check(s)
	}
}

// kindName is for a sentence.
func kindName(kind jsontext.Kind) string {
	switch kind {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	default:
		return "a number"
	}
}
