package command

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnAnswerIsAskedForOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	program := script(t, `echo x >>"$1"; echo "answer $2"`)
	run := New(4, time.Minute)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if out, err := run(t.Context(), program, log, "1"); err != nil || string(out) != "answer 1\n" {
				t.Errorf("%q %v", out, err)
			}
		})
	}
	group.Wait()
	if out, err := run(t.Context(), program, log, "2"); err != nil || string(out) != "answer 2\n" {
		t.Errorf("%q %v", out, err)
	}
	if asked, err := os.ReadFile(log); err != nil || string(asked) != "x\nx\n" {
		t.Errorf("asked %q, %v", asked, err)
	}
}

// Each program waits until another one runs beside it, and says when a third does.
func TestNoMoreProgramsRunThanTheLimit(t *testing.T) {
	dir := t.TempDir()
	program := script(t, `cd "$1" && : >"$2.here"
until [ -e met ] || [ "$(ls ./*.here | wc -l)" -ge 2 ]; do sleep 0.01; done
: >met
[ "$(ls ./*.here | wc -l)" -le 2 ] || : >crowd
rm "$2.here"`)
	run := New(2, time.Minute)
	var group sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		group.Go(func() {
			if _, err := run(t.Context(), program, dir, name); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if _, err := os.Stat(filepath.Join(dir, "crowd")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("more than two at once (%v)", err)
	}
}

func TestAProgramThatHangsIsEndedWithWhatItStarted(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	program := script(t, `sleep 600 >"$1" & wait`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := New(1, time.Minute)(ctx, program, pipe); ended <- err }()
	child, err := os.Open(pipe) // returns when the child has opened it, too
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Close() }()
	cancel()
	if _, err := io.ReadAll(child); err != nil { // returns when the child is no more
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAProgramThatTakesTooLong(t *testing.T) {
	_, err := New(1, 50*time.Millisecond)(t.Context(), "sleep", "600")
	if err == nil || err.Error() != "no answer within 50ms" || KindOf(err) != Offline {
		t.Errorf("%v", err)
	}
}

// What gcloud 528 and kubectl 1.32 print.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		stderr, reason string
		kind           Kind
	}{
		{
			"WARNING: something\nERROR: (gcloud.sql.instances.describe) NOT_FOUND: The Cloud SQL instance does not exist.. This command is authenticated as me@example.com which is the active account\n",
			"NOT_FOUND: The Cloud SQL instance does not exist..", Missing,
		},
		{
			"ERROR: (gcloud.compute.instances.describe) Could not fetch resource:\n - The resource 'projects/p/zones/z/instances/pulso-vm' was not found\n\n",
			"Could not fetch resource: - The resource 'projects/p/zones/z/instances/pulso-vm' was not found", Missing,
		},
		{
			"ERROR: (gcloud.projects.describe) [me@example.com] does not have permission to access projects instance [p] (or it may not exist): The caller does not have permission\n",
			"[me@example.com] does not have permission to access projects instance [p] (or it may not exist): The caller does not have permission", Denied,
		},
		{
			"ERROR: (gcloud.x) There was a problem refreshing your current auth tokens: Reauthentication failed.\nPlease run:\n\n  $ gcloud auth login\n",
			"There was a problem refreshing your current auth tokens: Reauthentication failed. Please run: $ gcloud auth login", LoggedOut,
		},
		{
			"ERROR: gcloud crashed (ConnectionError): HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /\n\nIf you would like to report this issue, please run the following command:\n  gcloud feedback\n",
			"gcloud crashed (ConnectionError): HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /", Offline,
		},
		{`Error from server (NotFound): namespaces "so1-fase2" not found`, `(NotFound): namespaces "so1-fase2" not found`, Missing},
		{`Error from server (Forbidden): pods is forbidden: User "x" cannot list`, `(Forbidden): pods is forbidden: User "x" cannot list`, Denied},
		{`error: context "gke_p_r_pulso" does not exist`, `context "gke_p_r_pulso" does not exist`, Missing},
		{"Unable to connect to the server: dial tcp: lookup x: no such host", "Unable to connect to the server: dial tcp: lookup x: no such host", Offline},
		{"", "exit status 3", Other},
	} {
		program := script(t, "cat >&2 <<'END'\n"+c.stderr+"\nEND\nexit 3\n")
		_, err := New(1, time.Minute)(t.Context(), program)
		if err == nil || err.Error() != c.reason || KindOf(err) != c.kind {
			t.Errorf("%q\n got %v (%d)\nwant %s (%d)", c.stderr, err, KindOf(err), c.reason, c.kind)
		}
	}
	if _, err := New(1, time.Minute)(t.Context(), "no-such-program"); KindOf(err) != NoProgram {
		t.Errorf("%v", err)
	}
}

func TestLineIsWhatAShellTakes(t *testing.T) {
	if got := Line("gcloud", "x", "--filter=a b", "it's", "--format=json"); got != `gcloud x '--filter=a b' 'it'\''s' --format=json` {
		t.Error(got)
	}
}
