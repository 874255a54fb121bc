//go:build qemu

// Package test boots the kernels that the modules are for, and runs kernel/test/guest and the agent in them:
// `make test-kernel`. With -update it takes the fixtures of the agent's kernel source from those kernels.
package test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/qemu"
	"github.com/pulso-lab/pulso/internal/sample"
)

const (
	root     = "../.."
	fixtures = root + "/agent/internal/kernel/testdata"
	// bootTimeout is far more than a guest takes: this may run on a machine with much else to do.
	bootTimeout = 5 * time.Minute
)

// Ports of the guest.
const (
	agentPort   = 8080
	controlPort = 8081 // where the guest's test answers the host's
)

var update = flag.Bool("update", false, "take the fixtures of agent/internal/kernel from the kernels")

func TestKernels(t *testing.T) {
	files := map[string]string{
		"main": "main.sh", "tests": filepath.Join(t.TempDir(), "tests"), "agent": filepath.Join(t.TempDir(), "agent"),
	}
	if err := errors.Join(
		qemu.Build(t.Context(), root, files["tests"], "test", "-c", "-tags=guest", "./kernel/test/guest"),
		qemu.Build(t.Context(), root, files["agent"], "build", "-trimpath", "./agent"),
	); err != nil {
		t.Fatal(err)
	}
	for _, series := range qemu.Series {
		t.Run(series, func(t *testing.T) {
			machine, err := qemu.New(t.Context(), root, series, t.TempDir(), files)
			if err != nil {
				t.Fatal(err)
			}
			forward(t, machine, agentPort, controlPort)
			ctx, cancel := context.WithTimeout(t.Context(), bootTimeout)
			defer cancel()
			read := make(chan error, 1)
			go func() { read <- readFromHost(ctx, machine, series) }()
			code, err := machine.Run(ctx)
			cancel()
			hostErr := <-read
			console, _ := os.ReadFile(machine.Serial) // there is nothing to show where it is not there
			t.Logf("\n%s", console)
			if err != nil || code != 0 {
				t.Fatalf("exit code %d, %v", code, err)
			}
			if hostErr != nil {
				t.Errorf("a client on the host: %v", hostErr)
			}
		})
	}
}

// What make installs, modprobe finds; and uninstall leaves nothing of it.
func TestInstall(t *testing.T) {
	for _, series := range qemu.Series {
		t.Run(series, func(t *testing.T) {
			kernel, err := qemu.Fetch(t.Context(), root, series)
			if err != nil {
				t.Fatal(err)
			}
			tree, system := t.TempDir(), t.TempDir()
			if err := os.CopyFS(tree, os.DirFS(root+"/kernel")); err != nil {
				t.Fatal(err)
			}
			makes := func(what string) {
				output(t, "make", "-C", tree, what, "KDIR="+kernel.Headers(), "INSTALL_MOD_PATH="+system)
			}
			makes("install")
			for _, module := range qemu.Modules {
				if found := output(t, "/sbin/modprobe", "-d", system, "-S", kernel.Version(), "-n", "-v", module); !strings.Contains(found, module+".ko") {
					t.Errorf("modprobe would do %q", found)
				}
			}
			makes("uninstall")
			if left := output(t, "find", system, "-name", "pulso*"); left != "" {
				t.Errorf("left: %s", left)
			}
		})
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	printed, err := qemu.Output(t.Context(), name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}

func forward(t *testing.T, machine *qemu.Machine, ports ...int) {
	t.Helper()
	machine.Forward = map[int]int{}
	for _, port := range ports {
		host, err := qemu.FreePort(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		machine.Forward[host] = port
	}
}

// readFromHost is the client outside: it reads the agent through the forwarded port when the guest's test lets it, and
// says that it has.
func readFromHost(ctx context.Context, machine *qemu.Machine, series string) error {
	urls := map[int]string{}
	for host, guest := range machine.Forward {
		urls[guest] = fmt.Sprintf("http://127.0.0.1:%d", host)
	}
	for _, file := range []string{"pulso_cpu", "pulso_ram", "pulso_procs", "pulso_proctable"} {
		content, err := await(ctx, urls[controlPort]+"/proc/"+file)
		if err != nil {
			return err
		}
		if *update {
			if err := os.WriteFile(filepath.Join(fixtures, series, file), content, 0o600); err != nil {
				return err
			}
		}
	}
	body, err := await(ctx, urls[agentPort]+"/metrics")
	if err != nil {
		return err
	}
	samples, err := sample.Decode(body)
	if err != nil {
		return fmt.Errorf("%s: %w", body, err)
	}
	if s := samples[0]; s.Fuente != sample.FuenteKernel || s.Host != "vm" || s.ProcesosZombie != 3 {
		return fmt.Errorf("the sample is %s", body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, urls[controlPort]+"/done", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// await gets a URL until it is answered.
func await(ctx context.Context, url string) ([]byte, error) {
	client := http.Client{Timeout: 5 * time.Second}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err == nil {
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close() // it was read
			if err == nil && response.StatusCode == http.StatusOK {
				return body, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s was never answered", url)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
