package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pulso-lab/pulso/internal/bench"
)

// startFunction starts one of the functions as it is run: its defaults, but for a port of its own.
func startFunction(ctx context.Context, binary, target, dsn string) (*bench.Process, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path) //nolint:gosec // whoever runs the benchmark names the binary
	return bench.Start(cmd, target, "FUNCTION_TARGET="+target, "PULSO_DB_DSN="+dsn)
}

// startSelf starts this program again, as one of the servers of serve.go.
func startSelf(ctx context.Context, dsn string, arguments ...string) (*bench.Process, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, arguments...) //nolint:gosec // itself
	return bench.Start(cmd, arguments[0], "PULSO_DB_DSN="+dsn)
}
