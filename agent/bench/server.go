package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
)

// startAgent starts the agent as it is run: its defaults, but for a port of its own.
func startAgent(ctx context.Context, binary string) (*bench.Process, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path) //nolint:gosec // whoever runs the benchmark names the binary
	agent, err := bench.Start(cmd, "agent")
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, agent); err != nil {
		return nil, errors.Join(err, agent.Stop())
	}
	return agent, nil
}

// startBare starts this program again, as the bare handler of the bytes that the agent answers now.
func startBare(ctx context.Context, agent *bench.Process) (*bench.Process, error) {
	c, err := dial(ctx, agent.Address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.get(); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, bareArgument) //nolint:gosec // itself
	cmd.Stdin = bytes.NewReader(bytes.Clone(c.body))
	return bench.Start(cmd, "bare")
}

// ready waits for the first sample.
func ready(ctx context.Context, agent *bench.Process) error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var c *client
		if c, err = dial(ctx, agent.Address); err != nil {
			return err
		}
		err = c.get()
		c.close()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("%s is not ready: %w", agent.Name, err)
}
