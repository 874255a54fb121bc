package qemu

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
)

// FreePort is a port of the loopback address that nobody listens on, below those that the kernel gives to clients: a
// client's could be given out between the choice and QEMU's start.
func FreePort(ctx context.Context) (int, error) {
	const lowest, highest, tries = 20_000, 30_000, 100
	var config net.ListenConfig
	var err error
	for range tries {
		port := lowest + rand.IntN(highest-lowest) //nolint:gosec // no secret
		var ln net.Listener
		if ln, err = config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, ln.Close()
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}
