package sample

import (
	"fmt"
	"strings"
	"time"
)

// Layouts of the two clocks on the wire; time.DateTime is that of whole seconds.
const (
	milliLayout    = "2006-01-02 15:04:05.000"
	recibidoLayout = "2006-01-02 15:04:05.000000"
)

// Hora is a moment on the VM's clock, in UTC and whole milliseconds.
type Hora struct{ time.Time }

// NewHora is t in UTC, cut to milliseconds.
func NewHora(t time.Time) Hora { return Hora{t.UTC().Truncate(time.Millisecond)} }

// String is the wire form, `YYYY-MM-DD HH:MM:SS` with `.mmm` where the milliseconds are not zero.
func (h Hora) String() string { return string(h.append(make([]byte, 0, len(recibidoLayout)))) }

// MarshalJSON writes the wire form.
func (h Hora) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(recibidoLayout)+2)
	b = append(b, '"')
	b = h.append(b)
	return append(b, '"'), nil
}

func (h Hora) append(b []byte) []byte {
	if h.Nanosecond() == 0 {
		return h.UTC().AppendFormat(b, time.DateTime)
	}
	return h.UTC().AppendFormat(b, milliLayout)
}

// UnmarshalJSON reads what ParseHora reads.
func (h *Hora) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("hora: %s is not a string", b)
	}
	parsed, err := ParseHora(string(b[1 : len(b)-1]))
	*h = parsed
	return err
}

// ParseHora reads `YYYY-MM-DD HH:MM:SS`, taken as UTC, or RFC 3339 with any offset; either may carry one to nine
// decimals, which are cut to milliseconds. The date must exist and lie between the years 1970 and 9999.
func ParseHora(s string) (Hora, error) {
	layout := time.DateTime // time.Parse takes decimals after the seconds of any layout
	if len(s) > 10 && s[10] == 'T' {
		layout = time.RFC3339
	}
	t, err := time.Parse(layout, s)
	// time.Parse also takes a comma for the decimal point and a one-digit hour; the contract does not.
	if err != nil || s[13] != ':' || strings.Contains(s, ",") || decimals(s) > 9 {
		return Hora{}, fmt.Errorf("%.40q is not a date like 2025-06-17 02:21:54", s)
	}
	if year := t.UTC().Year(); year < 1970 || year > 9999 {
		return Hora{}, fmt.Errorf("%.40q is outside the years 1970 to 9999", s)
	}
	return NewHora(t), nil
}

// decimals counts the digits behind the decimal point of a date that parses.
func decimals(s string) int {
	_, fraction, _ := strings.Cut(s, ".")
	return len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
}

// Recibido is a moment on the pipeline's clock, in UTC and whole microseconds.
type Recibido struct{ time.Time }

// NewRecibido is t in UTC, cut to microseconds.
func NewRecibido(t time.Time) Recibido { return Recibido{t.UTC().Truncate(time.Microsecond)} }

// String is the wire form, `YYYY-MM-DD HH:MM:SS.ffffff`.
func (r Recibido) String() string { return r.UTC().Format(recibidoLayout) }

// MarshalJSON writes the wire form, and an empty string for the zero time.
func (r Recibido) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(recibidoLayout)+2)
	b = append(b, '"')
	if !r.IsZero() {
		b = r.UTC().AppendFormat(b, recibidoLayout)
	}
	return append(b, '"'), nil
}

// UnmarshalJSON reads the wire form.
func (r *Recibido) UnmarshalJSON(b []byte) error {
	if string(b) == `""` {
		*r = Recibido{}
		return nil
	}
	t, err := time.Parse(`"`+recibidoLayout+`"`, string(b))
	if err != nil {
		return fmt.Errorf("recibido: %w", err)
	}
	*r = NewRecibido(t)
	return nil
}
