//go:build qemu

package qemu

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A guest is believed only when it says how its program ended; a panic and a power-off end QEMU well, too.
func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		code   int
		err    error
		tail   string // of the console
	}{
		"well":     {"exit 0", 0, nil, ""},
		"badly":    {"exit 7", 7, nil, ""},
		"panic":    {"echo c >/proc/sysrq-trigger; sleep 60", 0, ErrNoVerdict, "Kernel panic"},
		"warning":  {"insmod /modules/pulso_cpu.ko name=cpuinfo; sleep 60", 0, ErrNoVerdict, "panic_on_warn"},
		"poweroff": {"echo so long; poweroff -f; sleep 60", 0, ErrNoVerdict, "so long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			code, err := guest(t, c.script).Run(ctx)
			if code != c.code || !errors.Is(err, c.err) {
				t.Errorf("exit code %d, %v", code, err)
			}
			if c.err != nil && !strings.Contains(err.Error(), c.tail) {
				t.Errorf("the error does not show the console: %v", err)
			}
		})
	}
}

// A guest that does not end is ended with its context.
func TestCancel(t *testing.T) {
	machine := guest(t, "echo waiting; sleep 1000")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	go func() {
		for ctx.Err() == nil && !bytes.Contains(machine.tail(), []byte("waiting")) {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	if _, err := machine.Run(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "waiting") {
		t.Errorf("error %v", err)
	}
}

func guest(t *testing.T, script string) *Machine {
	t.Helper()
	main := filepath.Join(t.TempDir(), "main")
	if err := os.WriteFile(main, []byte("#!/bin/sh\n"+script+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	machine, err := New(t.Context(), "../..", Series[0], t.TempDir(), map[string]string{"main": main})
	if err != nil {
		t.Fatal(err)
	}
	return machine
}
