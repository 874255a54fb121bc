// Package images builds the image of every service as it is deployed, in two checkouts that differ in all that must not
// matter, and starts each as a container runtime would: `make test-cloud`, as root.
//
// It shows what the Dockerfile makes, not what it is made on: the base, which has to come from its registry, is an empty
// one here. So nothing is said of the certificates that the base has for calls to Google.
package images

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// nowhere is a database that nobody answers for: every service starts without it, and says that it is not ready.
const nowhere = "PULSO_DB_DSN=nobody@tcp(127.0.0.1:1)/pulso"

var images = []struct {
	name, target string
	env          []string   // of the image
	files        []string   // beside /service, as ls shows them
	starts       [][]string // the environments in which it serves
}{
	{
		name: "agent", target: "agent",
		files: []string{
			"drwxr-xr-x usr", "drwxr-xr-x usr/src", "drwxr-xr-x usr/src/pulso",
			"-rw-r--r-- usr/src/pulso/Kbuild", "-rw-r--r-- usr/src/pulso/Makefile",
			"-rw-r--r-- usr/src/pulso/dkms.conf", "-rw-r--r-- usr/src/pulso/name.h",
			"drwxr-xr-x usr/src/pulso/cpu", "-rw-r--r-- usr/src/pulso/cpu/Kbuild", "-rw-r--r-- usr/src/pulso/cpu/pulso_cpu.c",
			"drwxr-xr-x usr/src/pulso/procs", "-rw-r--r-- usr/src/pulso/procs/Kbuild", "-rw-r--r-- usr/src/pulso/procs/pulso_procs.c",
			"drwxr-xr-x usr/src/pulso/ram", "-rw-r--r-- usr/src/pulso/ram/Kbuild", "-rw-r--r-- usr/src/pulso/ram/pulso_ram.c",
		},
		starts: [][]string{{"PULSO_PROCFS=" + hostProc}},
	},
	{name: "workload", target: "service", starts: [][]string{nil}},
	{name: "functions", target: "service", starts: [][]string{{"FUNCTION_TARGET=api1", nowhere}, {"FUNCTION_TARGET=api2", nowhere}}},
	{name: "socket", target: "service", starts: [][]string{{nowhere}}},
	{name: "migrator", target: "service"}, // it serves nobody
	{name: "frontend", target: "frontend", env: []string{"PULSO_FRONTEND_DIR=/dist"}, starts: [][]string{nil}},
}

func TestMain(m *testing.M) { os.Exit(isolated(m.Run)) }

func TestImages(t *testing.T) {
	here := newCheckout(t, root)
	here.commit(t)
	elsewhere := newCheckout(t, here.dir)
	if !t.Run("build", func(t *testing.T) {
		t.Run("with git", func(t *testing.T) {
			t.Parallel()
			here.build(t, "022")
		})
		t.Run("elsewhere, without git", func(t *testing.T) {
			t.Parallel()
			if would := elsewhere.make(t, "077", "--dry-run", "bin/agent"); !strings.Contains(would, `service.version=unknown"`) {
				t.Errorf("without git and VERSION it would run %s", would)
			}
			elsewhere.build(t, "077", "VERSION="+version)
		})
	}) {
		t.FailNow()
	}
	for _, image := range images {
		t.Run(image.name, func(t *testing.T) {
			if here.ids[image.name] != elsewhere.ids[image.name] {
				t.Errorf("two builds are two images; of what they copy, this differs:\n%s", differences(here.dir, elsewhere.dir, "bin/"+image.name, "frontend/dist", "kernel"))
			}
			built := here.read(t, image.name)
			checkConfig(t, built.config, image.env)
			files := append([]string{"-rwxr-xr-x service"}, image.files...)
			if image.name == "frontend" {
				files = append(files, pages(t, here.dir)...)
			}
			slices.Sort(files)
			if got := strings.Join(built.files, "\n"); got != strings.Join(files, "\n") {
				t.Errorf("it has these files:\n%s\nand should have:\n%s", got, strings.Join(files, "\n"))
			}
			for _, environment := range image.starts {
				t.Run("serves "+strings.Join(environment, " "), func(t *testing.T) { serves(t, built, environment) })
			}
			if len(image.starts) == 0 {
				complains(t, built)
			}
		})
	}
}

// checkConfig holds the whole of an image's configuration against what it must be, so that nothing else is in it.
func checkConfig(t *testing.T, config imageConfig, env []string) {
	t.Helper()
	want, err := json.Marshal(map[string]any{
		"User":       "65532:65532",
		"Entrypoint": []string{"/service"},
		"Env":        append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, env...), // the builder's
		"Labels": map[string]string{
			"org.opencontainers.image.version":  version,
			"org.opencontainers.image.revision": version,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(config.Config)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("its configuration is\n%s\nand should be\n%s", got, want)
	}
	times := []string{config.Created}
	for _, step := range config.History {
		times = append(times, step.Created)
	}
	for _, at := range times {
		if at != "1970-01-01T00:00:00Z" {
			t.Errorf("it was made at %s", at)
		}
	}
}

// pages are the dashboard's files in a checkout, as its image must have them.
func pages(t *testing.T, checkout string) (list []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(filepath.Join(checkout, "frontend")), "dist", func(path string, entry fs.DirEntry, err error) error {
		mode := "-rw-r--r-- "
		if entry != nil && entry.IsDir() {
			mode = "drwxr-xr-x "
		}
		list = append(list, mode+path)
		return err
	})
	if err != nil || !slices.Contains(list, "-rw-r--r-- dist/index.html") {
		t.Fatalf("there are no pages: %v, %v", list, err)
	}
	return list
}
