package system

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are where the parts listen, on the loopback address only.
type Ports struct {
	Frontend, Agent, Workload, Entry, API1, API2, Socket int
}

// Documented are the ports of docs/operations.md: what a person types into a browser.
func Documented() Ports {
	return Ports{Frontend: 8000, Agent: 8080, Workload: 8082, Entry: 8081, API1: 5000, API2: 3000, Socket: 4000}
}

// Free picks ports that nobody listens on, so that several systems run side by side. They lie below those that the
// kernel gives to outgoing connections.
func Free(ctx context.Context) (Ports, error) {
	const lowest, highest, tries = 20_000, 32_000, 100
	for range tries {
		base := lowest + rand.IntN(highest-lowest) //nolint:gosec // not a secret
		p := Ports{base, base + 1, base + 2, base + 3, base + 4, base + 5, base + 6}
		if p.check(ctx, func(string) bool { return true }) == nil {
			return p, nil
		}
	}
	return Ports{}, fmt.Errorf("no seven free ports in a row between %d and %d", lowest, highest)
}

// check says which port is taken, of the parts that run.
func (p Ports) check(ctx context.Context, runs func(name string) bool) error {
	for _, part := range []struct {
		name string
		port int
	}{
		{"frontend", p.Frontend}, {"agent", p.Agent}, {"workload", p.Workload}, {entryName, p.Entry},
		{"api1", p.API1}, {"api2", p.API2}, {"socket", p.Socket},
	} {
		if !runs(part.name) {
			continue
		}
		var config net.ListenConfig
		ln, err := config.Listen(ctx, "tcp", address(part.port))
		if err != nil {
			return fmt.Errorf("port %d, which %s needs, is taken: see who has it with `ss -ltnp sport = :%d`", part.port, part.name, part.port)
		}
		_ = ln.Close()
	}
	return nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func url(port int) string { return "http://" + address(port) }
