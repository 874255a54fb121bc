package machine

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

// prints are what the programs say on a machine that has everything.
var prints = map[string]string{
	"go env GOVERSION":                 "go1.26.8\n",
	"node --version":                   "v20.20.0\n",
	"python3 --version":                "Python 3.11.2\n",
	"mariadbd --version":               "mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)\n",
	"chromium --version":               "Chromium 140.0.7339.80 built on Debian GNU/Linux 12 (bookworm)\n",
	"terraform version":                "Terraform v1.11.4\non linux_amd64\n",
	"gcloud version":                   "Google Cloud SDK 528.0.0\nalpha 2025.06.20\n",
	"kubectl version --client":         "Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n",
	"gke-gcloud-auth-plugin --version": "Kubernetes v1.30.0+03fcd0f8cb9eac57e97a3ed59c702bad8c73be81\n",
	"uname -r":                         "6.1.0-40-amd64\n",
}

// machine is one where the programs print as above but for what differs; what prints nothing is not installed.
func machine(t *testing.T, differs map[string]string, isCloud bool) Machine {
	t.Helper()
	t.Setenv("PULSO_CHROMIUM", "")
	modules := t.TempDir()
	build := filepath.Join(modules, "6.1.0-40-amd64", "build")
	if err := os.MkdirAll(build, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(build, "Makefile"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return Machine{
		Cloud: isCloud, Folders: []string{t.TempDir()}, Modules: modules,
		Run: func(_ context.Context, argv ...string) ([]byte, error) {
			line := command.Line(argv...)
			out, ok := differs[line]
			if !ok {
				out = prints[line]
			}
			if out == "" {
				return nil, &command.Error{Line: line, Reason: "not found", Err: &exec.Error{Name: argv[0], Err: exec.ErrNotFound}}
			}
			return []byte(out), nil
		},
	}
}

// ill returns the rows that are not well.
func ill(t *testing.T, m Machine) map[string]check.Result {
	t.Helper()
	rows := map[string]check.Result{}
	if err := check.Run(t.Context(), m.Checks(), func(r check.Result) {
		if r.State != check.OK {
			rows[r.Name] = r
		}
	}); err != nil {
		t.Fatal(err)
	}
	delete(rows, "disk") // is this machine's, whatever it is
	return rows
}

func TestTools(t *testing.T) {
	for _, c := range []struct {
		print, instead string
		cloud          bool
		name           string // of the row that is not well
		state          check.State
		detail, cure   string
	}{
		{"go env GOVERSION", "go1.19.8\n", false, "Go", check.Failed, "1.19.8 is too old: 1.21 or newer", "go.dev/doc/install"},
		{"node --version", "v20.3.1\n", false, "Node.js", check.Failed, "20.3.1 is too old", "nodejs.org"},
		{"node --version", "", false, "Node.js", check.Failed, "not here", "nodejs.org"},
		{"python3 --version", "Python 3.9.2\n", false, "Python", check.Failed, "too old", "python3"},
		{"mariadbd --version", "", false, "MariaDB", check.Warn, "installs it", "scripts/need mariadb"},
		{"chromium --version", "", false, "Chromium", check.Warn, "installs it", "scripts/need chromium"},
		{"terraform version", "Terraform v1.9.8\n", true, "terraform", check.Failed, "1.9.8 is too old: 1.11", "terraform/install"},
		{"terraform version", "", false, "terraform", check.Warn, "only the cloud", "terraform/install"},
		{"gcloud version", "", true, "gcloud", check.Failed, "not here", "sdk/docs/install"},
		{"gcloud version", "", false, "gcloud", check.Warn, "only the cloud", "sdk/docs/install"},
		{"kubectl version --client", "", true, "kubectl", check.Failed, "not here", "gcloud components install kubectl"},
		{"gke-gcloud-auth-plugin --version", "", true, "gke-gcloud-auth-plugin", check.Failed, "not here", "gcloud components install gke-gcloud-auth-plugin"},
		{"uname -r", "6.1.0-41-amd64\n", true, "kernel headers", check.Warn, "6.1.0-41-amd64", "sudo apt-get install linux-headers-6.1.0-41-amd64"},
	} {
		t.Run(c.name+" "+c.instead, func(t *testing.T) {
			rows := ill(t, machine(t, map[string]string{c.print: c.instead}, c.cloud))
			row := rows[c.name]
			if len(rows) != 1 || row.State != c.state || !strings.Contains(row.Detail, c.detail) || !strings.Contains(strings.Join(row.Cure, "\n"), c.cure) {
				t.Errorf("%v", rows)
			}
		})
	}
	if rows := ill(t, machine(t, nil, true)); len(rows) != 0 {
		t.Errorf("on a machine that has everything: %v", rows)
	}
}

func TestVersionsAreThoseOfScriptsNeed(t *testing.T) {
	script, err := os.ReadFile("../../../scripts/need")
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]string{}
	for _, match := range regexp.MustCompile(`too_old (\S+) ([0-9.]+) `).FindAllStringSubmatch(string(script), -1) {
		wanted[match[1]] = match[2]
	}
	for _, tool := range tools {
		if tool.user == demo && wanted[tool.name] != tool.least {
			t.Errorf("%s: here %s, in scripts/need %q", tool.name, tool.least, wanted[tool.name])
		}
	}
}

func TestPorts(t *testing.T) {
	alive := func(body string) (port int) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		t.Cleanup(server.Close)
		return server.Listener.Addr().(*net.TCPAddr).Port
	}
	other, ours, ours2 := alive("hello"), alive(`{"estado":"vivo"}`), alive(`{"estado":"vivo"}`)
	for _, c := range []struct {
		ports  []int
		state  check.State
		detail string
	}{
		{nil, check.OK, "are free"},
		{[]int{ours, ours2}, check.OK, "make demo has them"},
		{[]int{other, ours}, check.Failed, fmt.Sprintf("%d, %d taken", other, ours)},
	} {
		found := Machine{Ports: c.ports}.ports(t.Context())
		if found.State != c.state || !strings.Contains(found.Detail, c.detail) {
			t.Errorf("%v: %v", c.ports, found)
		}
		if c.state == check.Failed && !strings.Contains(found.Cure[1], fmt.Sprintf("ss -ltnp 'sport = :%d'", other)) {
			t.Errorf("%v", found.Cure)
		}
	}
}

func TestDiskIsThatOfTheNearestFolder(t *testing.T) {
	dir := t.TempDir()
	here, err := available(dir)
	if err != nil || here == 0 {
		t.Fatalf("%d %v", here, err)
	}
	if _, err := available(filepath.Join(dir, "not", "yet")); err != nil {
		t.Error(err)
	}
	if found := (Machine{Folders: []string{dir, "/proc"}}).disk(t.Context()); found.State != check.Failed || !strings.Contains(found.Detail, "0.0 GiB free in /proc") {
		t.Errorf("%v", found)
	}
}
