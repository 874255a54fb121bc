package system

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// Kill ends a part by SIGKILL, in the middle of what it does, for tests of a crash. It is an error if the part had
// ended before.
func (s *System) Kill(name string) error {
	if name == Database {
		s.asked[name].Store(true)
		return s.database.Kill()
	}
	p, err := s.process(name)
	if err != nil {
		return err
	}
	s.asked[name].Store(true)
	return p.kill()
}

// Terminate ends a part by SIGTERM, as a cluster does, and returns when it has ended. It is an error if it took too
// long or ended with an error.
func (s *System) Terminate(name string) error {
	p, err := s.process(name)
	if err != nil {
		return err
	}
	select {
	case <-p.exited:
		return p.died()
	default:
	}
	s.asked[name].Store(true)
	return p.stop()
}

// Restart runs a part again that Kill or Terminate has ended, where it was, and returns when it is ready.
func (s *System) Restart(ctx context.Context, name string) error {
	if name == Database {
		if err := s.database.Restart(ctx); err != nil {
			return err
		}
		s.watchDatabase()
		return nil
	}
	p, err := s.process(name)
	if err != nil {
		return err
	}
	if err := os.Rename(p.logPath, p.logPath+".before"); err != nil {
		return err
	}
	parts := s.parts()
	part := parts[slices.IndexFunc(parts, func(part part) bool { return part.name == name })]
	s.processes = slices.DeleteFunc(s.processes, func(other *process) bool { return other == p })
	return s.startPart(ctx, part)
}

// process is a part that was started.
func (s *System) process(name string) (*process, error) {
	i := slices.IndexFunc(s.processes, func(p *process) bool { return p.name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no part %q", name)
	}
	return s.processes[i], nil
}
