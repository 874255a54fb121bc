package sample

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxFaults bounds how many bad fields one answer names.
const maxFaults = 100

// Errors of Decode. A body that is JSON but holds a sample that is refused gives a *FieldError instead.
var (
	// ErrSyntax says that the body is not the JSON that the contract takes.
	ErrSyntax = errors.New("the body is not the JSON of a sample")
	// ErrTooMany says that the array holds more than MaxBatch samples.
	ErrTooMany = fmt.Errorf("more than %d samples in one request", MaxBatch)
)

// Fault is one field that was refused.
type Fault struct {
	Muestra int    `json:"muestra"` // index in the array; 0 for a single sample
	Campo   string `json:"campo"`   // the field's wire name
	Motivo  string `json:"motivo"`  // what is wrong with it, for a person
}

// FieldError names every bad field of a body, up to maxFaults of them.
type FieldError struct{ Faults []Fault }

func (e *FieldError) Error() string {
	first := e.Faults[0]
	if len(e.Faults) == 1 {
		return fmt.Sprintf("%s %s", first.Campo, first.Motivo)
	}
	return fmt.Sprintf("%d fields are wrong, the first: %s %s", len(e.Faults), first.Campo, first.Motivo)
}

// Decode reads the body of an ingest request: one sample, or an array of 1 to MaxBatch samples. All of them are
// valid, or none is returned: the error is then a *FieldError, or wraps ErrSyntax or ErrTooMany.
func Decode(body []byte) ([]Sample, error) {
	d := decoder{json: jsontext.NewDecoder(bytes.NewBuffer(body))}
	samples, err := d.body()
	switch {
	case errors.Is(err, ErrTooMany):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %s", ErrSyntax, plain(err))
	case len(d.faults) > 0:
		return nil, &FieldError{Faults: d.faults}
	}
	return samples, nil
}

// plain is the decoder's message without its package's name, which says nothing to a client.
func plain(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "it ends too early"
	}
	// It can hold a key of the client's, of any length.
	return fmt.Sprintf("%.200s", strings.TrimPrefix(err.Error(), "jsontext: "))
}

// decoder collects the faults of one body while it reads on.
type decoder struct {
	json    *jsontext.Decoder
	faults  []Fault
	muestra int    // index of the sample being read
	name    []byte // scratch: the name of the field being read
}

func (d *decoder) body() ([]Sample, error) {
	var samples []Sample
	if d.json.PeekKind() != '[' {
		s, err := d.sample()
		if err != nil {
			return nil, err
		}
		return append(samples, s), d.end()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	for d.json.PeekKind() != ']' {
		if len(samples) == MaxBatch {
			return nil, ErrTooMany
		}
		d.muestra = len(samples)
		s, err := d.sample()
		if err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	if len(samples) == 0 {
		return nil, errors.New("the array is empty")
	}
	return samples, d.end()
}

// end checks that nothing follows the value.
func (d *decoder) end() error {
	_, err := d.json.ReadToken()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.New("something follows the value")
}

func (d *decoder) sample() (Sample, error) {
	if kind := d.json.PeekKind(); kind != '{' {
		if kind == 0 { // not JSON: the decoder says why
			_, err := d.json.ReadToken()
			return Sample{}, err
		}
		return Sample{}, errors.New("a sample is a JSON object, and a body is a sample or an array of them")
	}
	if _, err := d.json.ReadToken(); err != nil {
		return Sample{}, err
	}
	var s Sample
	var seen uint16 // bit i: the i-th of fields was there
	next := 0       // most samples have their fields in the contract's order
	for d.json.PeekKind() != '}' {
		quoted, err := d.json.ReadValue()
		if err != nil {
			return Sample{}, err
		}
		d.name, err = jsontext.AppendUnquote(d.name[:0], quoted)
		if err != nil {
			return Sample{}, err
		}
		i := next
		if i == len(fields) || fields[i].name != string(d.name) {
			i = slices.IndexFunc(fields[:], func(f field) bool { return f.name == string(d.name) })
		}
		if i < 0 {
			if err := d.json.SkipValue(); err != nil {
				return Sample{}, err
			}
			continue
		}
		seen |= 1 << i
		next = i + 1
		value, err := d.json.ReadValue()
		if err != nil {
			return Sample{}, err
		}
		if err := fields[i].set(&s, value); err != nil {
			d.fault(fields[i].name, err.Error())
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return Sample{}, err
	}
	for i, f := range fields {
		if f.required && seen&(1<<i) == 0 {
			d.fault(f.name, "is missing")
		}
	}
	return s, nil
}

func (d *decoder) fault(campo, motivo string) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, Fault{Muestra: d.muestra, Campo: campo, Motivo: motivo})
	}
}

// field is one field of the contract and how its value is read.
type field struct {
	name     string
	required bool
	set      func(*Sample, jsontext.Value) error
}

// fields is the contract's table, in its order.
var fields = [...]field{
	{"total_ram", true, integer(func(s *Sample) *int64 { return &s.TotalRAM })},
	{"ram_libre", true, integer(func(s *Sample) *int64 { return &s.RAMLibre })},
	{"uso_ram", true, integer(func(s *Sample) *int64 { return &s.UsoRAM })},
	{"porcentaje_ram", true, percentage(func(s *Sample) *float64 { return &s.PorcentajeRAM })},
	{"porcentaje_cpu_uso", true, percentage(func(s *Sample) *float64 { return &s.PorcentajeCPUUso })},
	{"porcentaje_cpu_libre", true, percentage(func(s *Sample) *float64 { return &s.PorcentajeCPULibre })},
	{"procesos_corriendo", true, integer(func(s *Sample) *int64 { return &s.ProcesosCorriendo })},
	{"total_procesos", true, integer(func(s *Sample) *int64 { return &s.TotalProcesos })},
	{"procesos_durmiendo", true, integer(func(s *Sample) *int64 { return &s.ProcesosDurmiendo })},
	{"procesos_zombie", true, integer(func(s *Sample) *int64 { return &s.ProcesosZombie })},
	{"procesos_parados", true, integer(func(s *Sample) *int64 { return &s.ProcesosParados })},
	{"hora", true, setHora},
	{"host", false, setHost},
	{"secuencia", false, setSecuencia},
	{"fuente", false, setFuente},
}

func integer(at func(*Sample) *int64) func(*Sample, jsontext.Value) error {
	return func(s *Sample, v jsontext.Value) error {
		n, err := number(v)
		if err != nil {
			return err
		}
		if n = math.Round(n); n > MaxInteger {
			return fmt.Errorf("is %s, over %d", clip(v), int64(MaxInteger))
		}
		*at(s) = int64(n)
		return nil
	}
}

func percentage(at func(*Sample) *float64) func(*Sample, jsontext.Value) error {
	return func(s *Sample, v jsontext.Value) error {
		n, err := number(v)
		if err != nil {
			return err
		}
		if n > 100 {
			return fmt.Errorf("is %s, over 100", clip(v))
		}
		*at(s) = n
		return nil
	}
}

// number reads a JSON number that is not negative. Integers up to MaxInteger are exact in a float64.
func number(v jsontext.Value) (float64, error) {
	if v.Kind() != '0' {
		return 0, fmt.Errorf("is %s, not a number", kindName(v))
	}
	n, err := strconv.ParseFloat(string(v), 64)
	if err != nil { // JSON numbers parse; only their size can be wrong
		return 0, fmt.Errorf("is %s, far too large", clip(v))
	}
	if n < 0 {
		return 0, fmt.Errorf("is %s, negative", clip(v))
	}
	return n + 0, nil // −0 becomes 0
}

func setHora(s *Sample, v jsontext.Value) error {
	text, err := str(v)
	if err != nil {
		return err
	}
	if s.Hora, err = ParseHora(text); err != nil {
		return fmt.Errorf("is wrong: %w", err)
	}
	return nil
}

func setHost(s *Sample, v jsontext.Value) error {
	text, err := str(v)
	if err == nil {
		err = CheckHost(text)
	}
	if err != nil {
		return err
	}
	s.Host = text
	return nil
}

// CheckHost says why a text cannot be a host's name, for a sentence that begins with where it stands.
func CheckHost(name string) error {
	switch {
	case name == "":
		return errors.New("is empty; leave it out when it is unknown")
	case len(name) > MaxHost:
		return fmt.Errorf("has %d bytes, over %d", len(name), MaxHost)
	case !utf8.ValidString(name):
		return errors.New("is not UTF-8")
	case strings.TrimSpace(name) != name:
		return errors.New("begins or ends with white space")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("has control characters")
	}
	return nil
}

func setSecuencia(s *Sample, v jsontext.Value) error {
	n, err := number(v)
	switch {
	case err != nil:
		return err
	case n > MaxInteger:
		return fmt.Errorf("is %s, over %d", clip(v), int64(MaxInteger))
	case n != math.Trunc(n):
		return fmt.Errorf("is %s, not a whole number", clip(v))
	}
	s.Secuencia = new(int64(n))
	return nil
}

func setFuente(s *Sample, v jsontext.Value) error {
	text, err := str(v)
	if err != nil {
		return err
	}
	if text != FuenteKernel && text != FuenteProcfs {
		return fmt.Errorf("is %.40q, neither %q nor %q", text, FuenteKernel, FuenteProcfs)
	}
	s.Fuente = text
	return nil
}

func str(v jsontext.Value) (string, error) {
	if v.Kind() != '"' {
		return "", fmt.Errorf("is %s, not a string", kindName(v))
	}
	text, err := jsontext.AppendUnquote(nil, v)
	return string(text), err
}

func kindName(v jsontext.Value) string {
	switch v.Kind() {
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

// clip bounds how much of a client's number goes into an answer.
func clip(v jsontext.Value) string {
	const most = 40
	if len(v) > most {
		return string(v[:most]) + "…"
	}
	return string(v)
}
