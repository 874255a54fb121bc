package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"

	"github.com/pulso-lab/pulso/internal/bench"
)

// The servers that are measured.
const (
	ours    = "ours"
	single  = "single"
	batched = "batched"
)

// programs are where they lie.
type programs struct {
	socket string // the binary
	node   string // the folder
}

// start starts a server as it is run, but for a port of its own, and returns when it has found its database.
func (p programs) start(ctx context.Context, name, dsn string) (*bench.Process, error) {
	path, err := filepath.Abs(p.socket)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path) //nolint:gosec // whoever runs the benchmark names the binary
	if name != ours {
		cmd = exec.CommandContext(ctx, "node", "server.mjs", name) //nolint:gosec // one of two names
		cmd.Dir = p.node
	}
	server, err := bench.Start(cmd, name, "PULSO_DB_DSN="+dsn)
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, server); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

// ready waits until the server says that it is.
func ready(ctx context.Context, server *bench.Process) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%s is not ready after %s", server.Name, patience))
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+server.Address+"/ready", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		if pause(ctx, poll) != nil {
			return context.Cause(ctx)
		}
	}
}
