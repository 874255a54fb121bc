// Package system runs all of Pulso on this machine: the real binaries on a private MariaDB, with a plain reverse
// proxy in the place of the gateway.
package system

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/internal/service"
)

// Database is the name of the part that all others need; it has no port.
const Database = "mariadb"

const database = "pulso"

// Config says where the system finds and keeps things.
type Config struct {
	Binaries string // the folder with our binaries
	Pages    string // the built dashboard
	Dir      string // where the database and the logs are kept
	Ports    Ports
	Interval string   // PULSO_INTERVAL of the agent
	Only     []string // the parts to run, on the database; none for all of them. The entry point comes with both routes

	// Environment is what a part is told besides, given its name and the database's DSN; nil for nothing. Of a variable
	// that is there twice, the part reads this one.
	Environment func(part, dsn string) []string
}

func (c Config) runs(name string) bool {
	if name == entryName {
		return c.runs("api1") && c.runs("api2")
	}
	return len(c.Only) == 0 || slices.Contains(c.Only, name)
}

// System is the whole of Pulso, running.
type System struct {
	config    Config
	database  *mariadb.Server
	processes []*process              // in order of start
	asked     map[string]*atomic.Bool // of each part that runs: it is to end
	died      chan error              // the first part that ended by itself
	stopEntry context.CancelFunc
	entryDone chan error
}

// Start brings the parts up one after the other, each ready before the next, and stops them all when one fails.
func Start(ctx context.Context, c Config) (*System, error) {
	if err := c.Ports.check(ctx, c.runs); err != nil {
		return nil, err
	}
	s := &System{config: c, asked: map[string]*atomic.Bool{}, died: make(chan error, 1)}
	for _, part := range s.parts() {
		if path := filepath.Join(c.Binaries, part.binary); !isFile(path) {
			return nil, fmt.Errorf("%s is not there: run `make build`", path)
		}
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (s *System) start(ctx context.Context) error {
	logs := s.Logs()
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return err
	}
	var err error
	s.database, err = mariadb.Start(ctx, filepath.Join(s.config.Dir, "db"), filepath.Join(logs, "mariadb.log"))
	if err != nil {
		return err
	}
	s.watchDatabase()
	if err := s.database.Create(ctx, database); err != nil {
		return err
	}
	for _, part := range s.parts() {
		if err := s.startPart(ctx, part); err != nil {
			return err
		}
	}
	if !s.config.runs(entryName) {
		return nil
	}
	return s.startEntry(ctx)
}

// part is one of our binaries and what it is told.
type part struct {
	name, binary string
	port         int
	variables    []string
}

// parts are those to run, in the order of their needs: what another one asks comes first.
func (s *System) parts() []part {
	p := s.config.Ports
	db := []string{"PULSO_DB_DSN=" + s.DSN(), "PULSO_MIGRATE=on"}
	all := []part{
		{"api1", "functions", p.API1, append([]string{"FUNCTION_TARGET=api1"}, db...)},
		{"api2", "functions", p.API2, append([]string{"FUNCTION_TARGET=api2"}, db...)},
		{"socket", "socket", p.Socket, db},
		{"frontend", "frontend", p.Frontend, []string{"PULSO_FRONTEND_DIR=" + s.config.Pages, "PULSO_SOCKET_URL=" + url(p.Socket), "PULSO_LOCAL=on"}},
		{"agent", "agent", p.Agent, []string{"PULSO_INTERVAL=" + s.config.Interval}},
		{"workload", "workload", p.Workload, nil},
	}
	return slices.DeleteFunc(all, func(p part) bool { return !s.config.runs(p.name) })
}

func (s *System) startPart(ctx context.Context, part part) error {
	variables := append([]string{"PORT=" + strconv.Itoa(part.port), "PULSO_LISTEN=127.0.0.1"}, part.variables...)
	if more := s.config.Environment; more != nil {
		variables = append(variables, more(part.name, s.DSN())...)
	}
	p, err := start(part.name, filepath.Join(s.config.Binaries, part.binary), variables, s.Logs())
	if err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	if err := p.awaitReady(ctx, url(part.port)+"/ready"); err != nil {
		return err
	}
	s.watch(part.name, p.exited, p.died)
	return nil
}

func (s *System) watchDatabase() {
	s.watch(Database, s.database.Exited(), func() error {
		return fmt.Errorf("MariaDB ended; its log: %s", filepath.Join(s.Logs(), "mariadb.log"))
	})
}

// watch reports the first part that ends by itself.
func (s *System) watch(name string, exited <-chan struct{}, why func() error) {
	asked := new(atomic.Bool)
	s.asked[name] = asked
	go func() {
		<-exited // every part is stopped at the latest by Stop, which ends this goroutine
		if asked.Load() {
			return
		}
		select {
		case s.died <- why():
		default:
		}
	}()
}

func (s *System) startEntry(ctx context.Context) error {
	file, err := os.Create(filepath.Join(s.Logs(), "entry.log"))
	if err != nil {
		return err
	}
	log := service.NewLogger(file).With("service", "entry")
	handler, err := entry(url(s.config.Ports.API1), url(s.config.Ports.API2), log)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	ln, err := service.Listen(ctx, address(s.config.Ports.Entry))
	if err != nil {
		return errors.Join(err, file.Close())
	}
	// It ends with Stop, after the requests in flight, and not with ctx.
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stopEntry, s.entryDone = cancel, make(chan error, 1)
	go func() {
		err := service.Serve(serving, ln, handler, log, service.NewReadiness(nil))
		s.entryDone <- errors.Join(err, file.Close())
	}()
	return nil
}

// Died gives the error of the first part that ended by itself.
func (s *System) Died() <-chan error { return s.died }

// Stop ends all parts in the reverse order of their start and waits for them.
func (s *System) Stop() error {
	for _, asked := range s.asked {
		asked.Store(true)
	}
	var errs []error
	if s.stopEntry != nil {
		s.stopEntry()
		errs = append(errs, <-s.entryDone)
	}
	for i := len(s.processes) - 1; i >= 0; i-- {
		errs = append(errs, s.processes[i].stop())
	}
	if s.database != nil {
		errs = append(errs, s.database.Stop())
	}
	return errors.Join(errs...)
}

// Logs is the folder with a log of each part.
func (s *System) Logs() string { return filepath.Join(s.config.Dir, "logs") }

// DSN is the database that the services use; empty before it runs.
func (s *System) DSN() string {
	if s.database == nil {
		return ""
	}
	return s.database.DSN(database)
}

// Page is the address of the dashboard.
func (s *System) Page() string { return url(s.config.Ports.Frontend) }

// Agent is the address of the VM's agent.
func (s *System) Agent() string { return url(s.config.Ports.Agent) }

// Work is the address of the application under test.
func (s *System) Work() string { return url(s.config.Ports.Workload) + "/trabajo" }

// API is the address of a route.
func (s *System) API(name string) string {
	return map[string]string{"api1": url(s.config.Ports.API1), "api2": url(s.config.Ports.API2)}[name]
}

// Entry is the address of the entry point.
func (s *System) Entry() string { return url(s.config.Ports.Entry) }
