package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrSyntax says that a document is not the JSON that the contract takes. One that is, but holds a field that is refused,
// gives a *FieldError instead.
var ErrSyntax = errors.New("the body is not the JSON of a run")

// Fault is one field that was refused.
type Fault struct {
	Campo  string `json:"campo"`  // where it stands, such as seconds[3].targets[0].failures; empty for the document itself
	Motivo string `json:"motivo"` // what is wrong with it, for a person
}

// FieldError names every bad field of a document, up to maxFaults of them.
type FieldError struct{ Faults []Fault }

func (e *FieldError) Error() string {
	first := strings.TrimSpace(e.Faults[0].Campo + " " + e.Faults[0].Motivo)
	if len(e.Faults) == 1 {
		return first
	}
	return fmt.Sprintf("%d fields are wrong, the first: %s", len(e.Faults), first)
}

// Decode reads a run. All of it is valid, or the error is a *FieldError or wraps ErrSyntax.
func Decode(body []byte) (Run, error) { return decode(body, MaxSeconds) }

// DecodePart is Decode for a run of at most MaxPart seconds, which takes at most 4 MB whatever the body is.
func DecodePart(body []byte) (Run, error) { return decode(body, MaxPart) }

func decode(body []byte, seconds int) (Run, error) {
	d := decoder{json: jsontext.NewDecoder(bytes.NewBuffer(body)), seconds: seconds}
	var r Run
	r.Protocol.Objective = DefaultObjective
	err := d.whenRight(func() error { return object(&d, runFields, &r) }, func() { d.check(&r) })
	if err == nil {
		err = d.end()
	}
	switch {
	case err != nil:
		return Run{}, fmt.Errorf("%w: %s", ErrSyntax, plain(err))
	case len(d.faults) > 0:
		return Run{}, &FieldError{Faults: d.faults}
	}
	return r, nil
}

// plain is the decoder's message without its package's name, and of a bounded length: it can hold a key of the client's.
func plain(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "it ends too early"
	}
	return fmt.Sprintf("%.200s", strings.TrimPrefix(err.Error(), "jsontext: "))
}

// decoder collects the faults of one document while it reads on. The errors of its methods end the reading: the document
// is no JSON.
type decoder struct {
	json    *jsontext.Decoder
	seconds int    // that are read at most
	path    []step // to the value that is being read
	faults  []Fault
	wrong   int    // faults, with those that are not named
	name    []byte // scratch: the name of the field being read
}

// step leads to a field of an object, or to an element of an array, which has no name.
type step struct {
	name  string
	index int
}

// field is one field of an object of type T, and how its value is read.
type field[T any] struct {
	name     string
	required bool
	read     func(*decoder, *T) error
}

// fault notes what is wrong with the value that is being read, or with a field of it.
func (d *decoder) fault(inner, motivo string) {
	d.wrong++
	if len(d.faults) == maxFaults {
		return
	}
	var campo strings.Builder
	for _, s := range append(slices.Clip(d.path), step{name: inner}) {
		switch {
		case s.name == "" && s.index > 0:
			fmt.Fprintf(&campo, "[%d]", s.index-1)
		case s.name != "" && campo.Len() > 0:
			campo.WriteString("." + s.name)
		default:
			campo.WriteString(s.name)
		}
	}
	d.faults = append(d.faults, Fault{Campo: campo.String(), Motivo: motivo})
}

// at reads what a step leads to.
func (d *decoder) at(s step, read func() error) error {
	d.path = append(d.path, s)
	err := read()
	d.path = d.path[:len(d.path)-1]
	return err
}

// whenRight reads a value, and has it looked at as a whole if nothing in it was wrong.
func (d *decoder) whenRight(read func() error, look func()) error {
	before := d.wrong
	err := read()
	if err == nil && d.wrong == before {
		look()
	}
	return err
}

// open begins an object or an array. What is neither is a fault, and passed over.
func (d *decoder) open(kind jsontext.Kind) (bool, error) {
	if found := d.json.PeekKind(); found != kind && found != 0 {
		d.fault("", fmt.Sprintf("is %s, not %s", kindName(found), kindName(kind)))
		return false, d.json.SkipValue()
	}
	_, err := d.json.ReadToken() // which says what is no JSON
	return err == nil, err
}

// object reads an object's fields, and passes over those that it does not know.
func object[T any](d *decoder, fields []field[T], into *T) error {
	if ok, err := d.open('{'); !ok {
		return err
	}
	var seen uint32 // bit i: the i-th of fields was there
	for d.json.PeekKind() != '}' {
		quoted, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		if d.name, err = jsontext.AppendUnquote(d.name[:0], quoted); err != nil {
			return err
		}
		i := slices.IndexFunc(fields, func(f field[T]) bool { return f.name == string(d.name) })
		if i < 0 {
			err = d.json.SkipValue()
		} else {
			seen |= 1 << i
			err = d.at(step{name: fields[i].name}, func() error { return fields[i].read(d, into) })
		}
		if err != nil {
			return err
		}
	}
	for i, f := range fields {
		if f.required && seen&(1<<i) == 0 {
			d.fault(f.name, "is missing")
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// within is a field that is an object itself.
func within[T, U any](fields []field[U], at func(*T) *U) func(*decoder, *T) error {
	return func(d *decoder, t *T) error { return object(d, fields, at(t)) }
}

// array reads at most so many elements, and passes over more.
func (d *decoder) array(most int, element func() error) error {
	if ok, err := d.open('['); !ok {
		return err
	}
	for n := 0; d.json.PeekKind() != ']'; n++ {
		read := element
		if n >= most {
			read = d.json.SkipValue
		}
		if n == most {
			d.fault("", fmt.Sprintf("has more than %d elements", most))
		}
		if err := d.at(step{index: n + 1}, read); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// end checks that nothing follows the document.
func (d *decoder) end() error {
	_, err := d.json.ReadToken()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = errors.New("something follows the value")
	}
	return err
}

// number is a field from 0 to most.
func number[T any](most float64, at func(*T) *float64) func(*decoder, *T) error {
	return func(d *decoder, t *T) error {
		return d.number(func(n float64) error {
			if n > most {
				return fmt.Errorf("over %.0f", most)
			}
			*at(t) = n
			return nil
		})
	}
}

// whole is a field that is a whole number from 0 to most.
func whole[T any, N int | int64](most N, at func(*T) *N) func(*decoder, *T) error {
	return func(d *decoder, t *T) error {
		return d.number(func(n float64) error {
			switch {
			case n > float64(most):
				return fmt.Errorf("over %d", most)
			case n != math.Trunc(n):
				return errors.New("not a whole number")
			}
			*at(t) = N(n)
			return nil
		})
	}
}

// number reads a number that is not negative, and has the rest of it looked at.
func (d *decoder) number(take func(float64) error) error {
	value, err := d.json.ReadValue()
	if err != nil {
		return err
	}
	if value.Kind() != '0' {
		d.fault("", fmt.Sprintf("is %s, not a number", kindName(value.Kind())))
		return nil
	}
	n, err := strconv.ParseFloat(string(value), 64)
	switch {
	case err != nil: // JSON numbers parse; only their size can be wrong
		err = errors.New("far too large")
	case n < 0:
		err = errors.New("negative")
	default:
		err = take(n + 0) // −0 becomes 0
	}
	if err != nil {
		d.fault("", fmt.Sprintf("is %.40s, %s", value, err))
	}
	return nil
}

func boolean[T any](at func(*T) *bool) func(*decoder, *T) error {
	return func(d *decoder, t *T) error {
		value, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		kind := value.Kind()
		if kind != 't' && kind != 'f' {
			d.fault("", fmt.Sprintf("is %s, not a boolean", kindName(kind)))
		}
		*at(t) = kind == 't'
		return nil
	}
}

// text is a field that is a string.
func text[T any](check func(string) error, at func(*T) *string) func(*decoder, *T) error {
	return func(d *decoder, t *T) error {
		return d.text(func(s string) error {
			*at(t) = s
			return check(s)
		})
	}
}

func (d *decoder) text(take func(string) error) error {
	value, err := d.json.ReadValue()
	if err != nil {
		return err
	}
	if value.Kind() != '"' {
		d.fault("", fmt.Sprintf("is %s, not a string", kindName(value.Kind())))
		return nil
	}
	s, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return err
	}
	if err := take(string(s)); err != nil {
		d.fault("", err.Error())
	}
	return nil
}
