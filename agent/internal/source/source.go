// Package source decides where the VM's numbers come from: Pulso's kernel modules when they are loaded, and otherwise
// the procfs that every kernel has.
//
// It decides anew at every reading, so it leaves modules that go and comes back to modules that return by itself. Only
// what is not there is replaced. A module that is there and writes nonsense is a fault that somebody must see, so its
// error goes up.
package source

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/pulso-lab/pulso/agent/internal/kernel"
	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// Reader is one of the two sources.
type Reader interface {
	Read(table bool) (vitals.Reading, error)
}

// Source reads the one or the other. It is not safe for concurrent use.
type Source struct {
	modules, procfs Reader
	log             *slog.Logger
	fuente, reason  string // of the newest reading; empty before the first
}

// New prefers modules, and takes procfs where modules fail with kernel.ErrAbsent. Each change, the first choice
// included, is a line in log, and so is another reason for the same choice.
func New(modules, procfs Reader, log *slog.Logger) *Source {
	return &Source{modules: modules, procfs: procfs, log: log}
}

// Read reads the source that is there now.
func (s *Source) Read(table bool) (vitals.Reading, error) {
	reason := "all kernel modules are there"
	reading, err := s.modules.Read(table)
	if absent := err; errors.Is(absent, kernel.ErrAbsent) {
		reason = absent.Error()
		if reading, err = s.procfs.Read(table); err != nil {
			err = fmt.Errorf("%w; and %w", err, absent)
		}
	}
	if err != nil {
		return vitals.Reading{}, err
	}
	switch {
	case reading.Fuente != s.fuente:
		s.log.Info("source_changed", "from", s.fuente, "to", reading.Fuente, "reason", reason)
	case reason != s.reason:
		s.log.Info("source_kept", "fuente", reading.Fuente, "reason", reason)
	}
	s.fuente, s.reason = reading.Fuente, reason
	return reading, nil
}
