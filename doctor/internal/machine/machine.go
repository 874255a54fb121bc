// Package machine checks this machine: what `make demo` needs here, and the tools for the cloud.
//
// It only looks. What is missing is installed by `make` itself where apt-get is (scripts/need), which is why a missing
// database is no failure.
package machine

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

const area = "machine"

// Machine is what is looked at.
type Machine struct {
	Run command.Run
	// Cloud says that there is a cloud project, for which the tools are needed.
	Cloud bool
	// Ports are those that `make demo` listens on.
	Ports []int
	// Folders are where builds and caches go.
	Folders []string
	// Modules is the folder of the kernels' modules.
	Modules string
}

// This is the machine that the program runs on.
func This(run command.Run, cloud bool) Machine {
	var folders []string
	if here, err := os.Getwd(); err == nil {
		folders = append(folders, here)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		folders = append(folders, cache)
	}
	return Machine{
		Run: run, Cloud: cloud, Ports: []int{8000, 8080, 8081, 8082, 3000, 4000, 5000}, Folders: folders, Modules: "/lib/modules",
	}
}

// Checks lists them.
func (m Machine) Checks() []check.Check {
	var checks []check.Check
	for _, t := range tools {
		checks = append(checks, check.Check{Area: area, Name: t.name, Look: func(ctx context.Context) check.Finding { return m.tool(ctx, t) }})
	}
	return append(checks,
		check.Check{Area: area, Name: "disk", Look: m.disk},
		check.Check{Area: area, Name: "ports", Look: m.ports},
		check.Check{Area: area, Name: "kernel headers", Look: m.headers},
	)
}

const (
	gib       = 1 << 30
	tooLittle = 1 * gib // no build gets through
	enough    = 5 * gib // Go's modules and cache, Node's packages, Python's, and a run's database
)

func (m Machine) disk(context.Context) check.Finding {
	cure := []string{"# this, and whatever else can go:", "go clean -cache"}
	worst := check.Finding{}
	for _, folder := range m.Folders {
		free, err := available(folder)
		detail := fmt.Sprintf("%.1f GiB free in %s", float64(free)/gib, folder)
		found := check.Good("%s", detail)
		switch {
		case err != nil:
			found = check.Failure(err.Error(), "df -h "+folder)
		case free < tooLittle:
			found = check.Failure(detail+": too little to build", cure...)
		case free < enough:
			found = check.Warning(detail+": all that is built and fetched takes up to 5", cure...)
		}
		if worst.Detail == "" || found.State > worst.State {
			worst = found
		}
	}
	return worst
}

// available returns the bytes that are free where a folder is, or will be.
func available(folder string) (uint64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(folder, &s)
	if parent := filepath.Dir(folder); os.IsNotExist(err) && parent != folder {
		return available(parent)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", folder, err)
	}
	return s.Bavail * uint64(s.Bsize), nil //nolint:gosec // a block's size is not negative
}

// ports are free, or all of them are in the hands of `make demo`.
func (m Machine) ports(ctx context.Context) check.Finding {
	var taken []string
	ours := 0
	for _, port := range m.Ports {
		var config net.ListenConfig
		ln, err := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = ln.Close()
			continue
		}
		taken = append(taken, fmt.Sprint(port))
		if alive(ctx, port) {
			ours++
		}
	}
	switch {
	case len(taken) == 0:
		return check.Good("%s are free", strings.Trim(fmt.Sprint(m.Ports), "[]"))
	case ours == len(m.Ports):
		return check.Good("make demo has them, and runs")
	}
	cure := []string{"# end what is shown:"}
	for _, port := range taken {
		cure = append(cure, fmt.Sprintf("ss -ltnp 'sport = :%s'", port))
	}
	return check.Failure(strings.Join(taken, ", ")+" taken: make demo needs them", cure...)
}

// alive says whether a part of Pulso listens on a port.
func alive(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/health", port), http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1024))
	return err == nil && response.StatusCode == http.StatusOK && strings.Contains(string(body), `"estado":"vivo"`)
}

func (m Machine) headers(ctx context.Context) check.Finding {
	if runtime.GOOS != "linux" {
		return check.Unknown("the modules are Linux's")
	}
	out, err := m.Run(ctx, "uname", "-r")
	if err != nil {
		return check.Warning(err.Error())
	}
	kernel := strings.TrimSpace(string(out))
	if _, err := os.Stat(filepath.Join(m.Modules, kernel, "build", "Makefile")); err != nil {
		return check.Warning("none for "+kernel+": its modules cannot be built here, and the agent reads /proc",
			"sudo apt-get install linux-headers-"+kernel)
	}
	return check.Good("for %s", kernel)
}
