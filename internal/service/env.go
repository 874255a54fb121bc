package service

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Env reads a program's configuration. Each method takes a variable's name and default, notes a fault and goes on,
// so that Err names all faults together.
type Env struct {
	lookup func(string) (string, bool)
	faults []error
	read   []any // slog attributes: what was read, secrets hidden
}

// NewEnv reads with lookup, which is os.LookupEnv outside tests.
func NewEnv(lookup func(string) (string, bool)) *Env { return &Env{lookup: lookup} }

// Err is every fault found so far, or nil.
func (e *Env) Err() error {
	if len(e.faults) == 0 {
		return nil
	}
	return fmt.Errorf("configuration: %w", errors.Join(e.faults...))
}

// Log writes one line with the configuration as it was read.
func (e *Env) Log(log *slog.Logger) { log.Info("configuration", e.read...) }

// String reads a text; an empty variable counts as absent.
func (e *Env) String(name, fallback string) string {
	v := e.value(name, fallback)
	e.note(name, v)
	return v
}

// RequiredSecret reads a secret that must be there; what says what to set it to.
func (e *Env) RequiredSecret(name, what string) string {
	v := e.Secret(name)
	if v == "" {
		e.Fault(name, "is not set: "+what)
	}
	return v
}

// Secret reads a text that is never shown.
func (e *Env) Secret(name string) string {
	v := e.value(name, "")
	shown := "(not set)"
	if v != "" {
		shown = "(hidden)"
	}
	e.note(name, shown)
	return v
}

// Token reads a secret from the variable, or from the file that name_FILE names, as secrets are mounted.
func (e *Env) Token(name string) string {
	file := e.String(name+"_FILE", "")
	token := e.Secret(name)
	if file == "" {
		e.checkToken(name, token)
		return token
	}
	content, err := os.ReadFile(file)
	mounted := strings.TrimSpace(string(content))
	switch {
	case token != "":
		e.Fault(name, "and "+name+"_FILE are both set: set one")
	case err != nil:
		e.Fault(name+"_FILE", "cannot be read: "+err.Error())
	case mounted == "":
		e.Fault(name+"_FILE", "names an empty file: "+file)
	}
	e.checkToken(name+"_FILE", mounted)
	return mounted
}

// checkToken refuses what a header cannot carry the same way everywhere: it would open one door and not the other.
func (e *Env) checkToken(name, token string) {
	isOther := func(r rune) bool { return r < ' ' || r > '~' }
	if strings.ContainsFunc(token, isOther) || strings.TrimSpace(token) != token {
		e.Fault(name, "must be printable ASCII, without spaces at its ends")
	}
}

// Int reads a whole number between lowest and highest.
func (e *Env) Int(name string, fallback, lowest, highest int) int {
	text := e.value(name, strconv.Itoa(fallback))
	e.note(name, text)
	v, err := strconv.Atoi(text)
	if err != nil || v < lowest || v > highest {
		e.Fault(name, fmt.Sprintf("is %q: it must be a whole number from %d to %d", text, lowest, highest))
	}
	return v
}

// Listen reads the address to listen on: PULSO_LISTEN (an IP address; all of them unless set) and PORT.
func (e *Env) Listen(fallbackPort int) string {
	host := e.String("PULSO_LISTEN", "")
	if _, err := netip.ParseAddr(host); err != nil && host != "" {
		e.Fault("PULSO_LISTEN", fmt.Sprintf("is %q: it must be an IP address", host))
	}
	port := e.Int("PORT", fallbackPort, 0, 65535)
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// Duration reads a time such as 250ms or 1s between lowest and highest.
func (e *Env) Duration(name string, fallback, lowest, highest time.Duration) time.Duration {
	text := e.value(name, fallback.String())
	e.note(name, text)
	v, err := time.ParseDuration(text)
	if err != nil || v < lowest || v > highest {
		e.Fault(name, fmt.Sprintf("is %q: it must be a time from %s to %s, such as %s", text, lowest, highest, fallback))
	}
	return v
}

// OneOf reads a text that must be one of a few.
func (e *Env) OneOf(name, fallback string, allowed ...string) string {
	v := e.String(name, fallback)
	if !slices.Contains(allowed, v) {
		e.Fault(name, fmt.Sprintf("is %q: it must be one of %s", v, strings.Join(allowed, ", ")))
	}
	return v
}

func (e *Env) value(name, fallback string) string {
	if v, ok := e.lookup(name); ok && v != "" {
		return v
	}
	return fallback
}

func (e *Env) note(name, shown string) { e.read = append(e.read, name, shown) }

// Fault notes what is wrong with a variable that was read, for what only its reader can check.
func (e *Env) Fault(name, what string) {
	e.faults = append(e.faults, fmt.Errorf("%s %s", name, what))
}
