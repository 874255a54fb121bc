// Package mariadb runs a private MariaDB server as a child process: the database of `make demo` and of the tests.
//
// The server listens on a Unix socket only, in a folder that nobody else can read, so that it needs neither a
// password nor a port. It commits with an fsync, as production does. It dies with the process that started it.
package mariadb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	startTimeout = 60 * time.Second // crash recovery of a kept data directory can take a while
	stopTimeout  = 30 * time.Second
	logTail      = 2000 // bytes of the server's log in an error
)

// ErrNotInstalled says that the machine has no MariaDB server.
var ErrNotInstalled = errors.New("mariadbd is not installed: apt-get install mariadb-server-core mariadb-client-core")

// Server is a running server. Kill, Restart and Stop are for one goroutine.
type Server struct {
	cmd     *exec.Cmd
	dataDir string
	socket  string
	tempDir string // holds the socket and temporary tables; a data directory's path can be too long for one
	logPath string
	locked  *os.File      // held while the server runs
	exited  chan struct{} // closed when the process has ended
	stop    sync.Once
}

// Start runs a server on dataDir, which it creates and fills when it is empty, logging to logPath, and returns when
// the server answers. The caller must Stop it.
func Start(ctx context.Context, dataDir, logPath string) (*Server, error) {
	locked, err := lock(dataDir)
	if err != nil {
		return nil, err
	}
	if err := install(ctx, dataDir); err != nil {
		return nil, errors.Join(err, locked.Close())
	}
	tempDir, err := os.MkdirTemp("", "pulso-db-")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start MariaDB: %w", err), locked.Close())
	}
	s := &Server{
		dataDir: dataDir, socket: filepath.Join(tempDir, "sock"), tempDir: tempDir, logPath: logPath, locked: locked,
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start MariaDB: %w", err), os.RemoveAll(tempDir), locked.Close())
	}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start MariaDB: %w\n%s", err, s.tail()), s.Stop())
	}
	return s, nil
}

// find looks where Debian puts servers, too: a plain user's PATH may lack that folder.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if path, err := exec.LookPath(filepath.Join("/usr/sbin", name)); err == nil {
		return path, nil
	}
	return "", ErrNotInstalled
}

// install makes the system tables in dataDir unless they are there.
func install(ctx context.Context, dataDir string) error {
	if _, err := os.Stat(filepath.Join(dataDir, "mysql")); err == nil {
		return nil
	}
	path, err := find("mariadb-install-db")
	if err != nil {
		return err
	}
	// Under another name until it is whole: a half-filled directory would fail at every later start.
	unfinished := dataDir + ".new"
	if err := errors.Join(os.RemoveAll(unfinished), os.MkdirAll(unfinished, 0o700)); err != nil {
		return fmt.Errorf("MariaDB's data directory: %w", err)
	}
	// The program is a shell script that cannot take a path with a space, so it gets a relative one.
	args := append([]string{
		"--no-defaults", "--datadir=./" + filepath.Base(unfinished), "--auth-root-authentication-method=normal", "--skip-test-db",
	}, asRoot()...)
	fill := exec.CommandContext(ctx, path, args...) //nolint:gosec // our own arguments
	fill.Dir = filepath.Dir(unfinished)
	fill.Env = temporary(unfinished)
	if out, err := fill.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("fill MariaDB's data directory: %w\n%s", err, out)
	}
	if err := os.Rename(unfinished, dataDir); err != nil { // over an empty directory, but no other
		return fmt.Errorf("MariaDB's data directory: %w", err)
	}
	return nil
}

// lock keeps a second server off the data directory; the server's own word for that would be a riddle.
func lock(dataDir string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(dataDir), 0o700); err != nil {
		return nil, fmt.Errorf("MariaDB's data directory: %w", err)
	}
	file, err := os.OpenFile(dataDir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("MariaDB's data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("the database in %s is in use by another run", dataDir), file.Close())
	}
	return file, nil
}

// temporary gives a server a folder of its own for temporary tables: at its start it removes those that it finds, also
// those of another server that runs.
func temporary(dir string) []string { return append(os.Environ(), "TMPDIR="+dir) }

// asRoot lets the server run as root, in a container say, which it refuses unless told.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

func (s *Server) start(ctx context.Context) error {
	path, err := find("mariadbd")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	args := append([]string{
		"--no-defaults", "--datadir=" + s.dataDir, "--socket=" + s.socket, "--skip-networking",
		"--pid-file=" + filepath.Join(s.tempDir, "pid"), "--max-connections=300",
		"--character-set-server=utf8mb4", "--innodb-autoinc-lock-mode=2", // as MySQL 8 has them
	}, asRoot()...)
	// Not CommandContext: the server must outlive ctx until Stop has let it write its pages.
	cmd := exec.Command(path, args...) //nolint:gosec,noctx // our own arguments
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = temporary(s.tempDir)
	// A group of its own, so that Ctrl-C reaches only the parent, which stops it in order; and no orphan if the parent is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}()
	s.cmd, s.exited = cmd, exited
	return nil
}

// await returns when the server answers a query.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer within %s", startTimeout))
	defer cancel()
	db, err := sql.Open("mysql", s.DSN(""))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if db.PingContext(ctx) == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.exited:
			return errors.New("it ended at once")
		case <-poll.C:
		}
	}
}

// DSN is how go-sql-driver/mysql reaches one database of the server; without a name, none is selected.
func (s *Server) DSN(database string) string {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = "root", "unix", s.socket, database
	return config.FormatDSN()
}

// Create makes an empty database unless it is there. The name is trusted.
func (s *Server) Create(ctx context.Context, name string) error {
	db, err := sql.Open("mysql", s.DSN(""))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS `"+name+"` CHARACTER SET utf8mb4"); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// PID is the number of the server's process; the one that Restart started has another.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Exited is closed when the server's process has ended, asked or not; the one that Restart started has another.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// Kill ends the server by SIGKILL, in the middle of what it does, for tests of a crash. It is an error if the server
// had ended by itself.
func (s *Server) Kill() error {
	err := s.cmd.Process.Kill()
	<-s.exited
	if status, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); err == nil && ok && status.Signal() == syscall.SIGKILL {
		return nil
	}
	return fmt.Errorf("kill MariaDB: it had ended before: %s\n%s", s.cmd.ProcessState, s.tail())
}

// Restart runs a server that has ended again, on the same data and under the same DSN, and returns when it answers.
func (s *Server) Restart(ctx context.Context) error {
	select {
	case <-s.exited:
	default:
		return errors.New("restart MariaDB: it still runs")
	}
	if err := s.start(ctx); err != nil {
		return fmt.Errorf("restart MariaDB: %w", err)
	}
	if err := s.await(ctx); err != nil {
		return fmt.Errorf("restart MariaDB: %w\n%s", err, s.tail())
	}
	return nil
}

// Stop ends the server in order, and by force when it takes too long. Later calls do nothing.
func (s *Server) Stop() error {
	var err error
	s.stop.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // one that has ended needs none
		select {
		case <-s.exited:
		case <-time.After(stopTimeout):
			err = fmt.Errorf("MariaDB did not stop within %s and was killed", stopTimeout)
			_ = s.cmd.Process.Kill()
			<-s.exited
		}
		err = errors.Join(err, os.RemoveAll(s.tempDir), s.locked.Close())
	})
	return err
}

// tail is the end of the server's log.
func (s *Server) tail() []byte {
	log, _ := os.ReadFile(s.logPath) // an error about the error helps nobody
	return bytes.TrimSpace(log[max(0, len(log)-logTail):])
}
