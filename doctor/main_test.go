package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/doctor/internal/cloud"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

func TestMain(m *testing.M) {
	// It runs in the root of the checkout, here of one whose Terraform nobody has set up.
	root, err := os.MkdirTemp("", "doctor")
	if err != nil {
		panic(err)
	}
	apis, err := os.ReadFile("../terraform/apis.tf")
	if err = errors.Join(err, os.Mkdir(root+"/terraform", 0o700), os.WriteFile(root+"/terraform/apis.tf", apis, 0o600), os.Chdir(root)); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(root)
	os.Exit(code)
}

// doctor runs it on a machine whose programs print what is given by their names, or are not there.
func doctor(t *testing.T, prints map[string]string, arguments ...string) (table string, failed int, err error) {
	t.Helper()
	var out strings.Builder
	failed, err = run(t.Context(), arguments, &out, cloud.World{
		Run: func(_ context.Context, argv ...string) ([]byte, error) {
			if print, ok := prints[strings.Join(argv, " ")]; ok {
				return []byte(print), nil
			}
			if print, ok := prints[argv[0]]; ok {
				return []byte(print), nil
			}
			return nil, &command.Error{Line: argv[0], Reason: "not there", Err: &exec.Error{Name: argv[0], Err: exec.ErrNotFound}}
		},
		Client: http.DefaultClient,
		Lookup: func(context.Context, string) ([]string, error) { return nil, errors.New("not asked") },
	})
	return out.String(), failed, err
}

// rows returns the lines of the table that begin with these words.
func rows(table, words string) (found []string) {
	for line := range strings.Lines(table) {
		if strings.HasPrefix(strings.Join(strings.Fields(line), " "), words) {
			found = append(found, line)
		}
	}
	return found
}

var tools = map[string]string{"go": "go1.26.8", "node": "v20.20.0", "python3": "Python 3.11.2", "uname": "6.1.0"}

// failures but for those of the machine that the tests run on, whose disk and ports are what they are.
func failures(table string) (failures []string) {
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); strings.Contains(line, " FAIL ") && fields[1] != "disk" && fields[1] != "ports" {
			failures = append(failures, line)
		}
	}
	return failures
}

// For those who only run make demo.
func TestWithoutACloudProjectOnlyTheMachineIsChecked(t *testing.T) {
	for name, gcloud := range map[string]string{"no gcloud": "", "gcloud without a project": `{"core":{"account":"me@example.com"}}`} {
		t.Run(name, func(t *testing.T) {
			prints := map[string]string{}
			for program, print := range tools {
				prints[program] = print
			}
			if gcloud != "" {
				prints["gcloud version"], prints["gcloud config list --format=json"] = "Google Cloud SDK 528.0.0", gcloud
			}
			table, _, err := doctor(t, prints)
			if err != nil || len(failures(table)) > 0 {
				t.Errorf("%v\n%s", err, table)
			}
			if got := rows(table, "gcloud project not checked none is configured"); len(got) != 1 || strings.Contains(table, "billing") {
				t.Errorf("%q in\n%s", got, table)
			}
			if !strings.Contains(table, "gcloud config set project ID") {
				t.Errorf("it does not say how to configure one:\n%s", table)
			}
		})
	}
}

func TestAProjectMakesItsToolsNecessary(t *testing.T) {
	table, failed, err := doctor(t, tools, "-project", "my-project")
	if err != nil || failed < 4 {
		t.Errorf("%d %v", failed, err)
	}
	for _, words := range []string{
		"machine gcloud FAIL not here", "machine kubectl FAIL", "machine terraform FAIL", "gcloud account not checked needs gcloud", "socket handshake not checked needs gcloud",
	} {
		if len(rows(table, words)) != 1 {
			t.Errorf("no %q in\n%s", words, table)
		}
	}
	if strings.Contains(table, "asked") {
		t.Errorf("it shows the commands unasked:\n%s", table)
	}
}

func TestAMachineThatLacksSomethingFails(t *testing.T) {
	table, failed, err := doctor(t, map[string]string{"go": "go1.26.8"})
	if got := failures(table); err != nil || failed < 2 || len(got) != 2 || !strings.Contains(got[0], "Node.js") || !strings.Contains(got[1], "Python") {
		t.Errorf("%d %v %q", failed, err, got)
	}
}

func TestAGcloudThatIsBrokenIsNoMissingProject(t *testing.T) {
	var out strings.Builder
	failed, err := run(t.Context(), nil, &out, cloud.World{Run: func(_ context.Context, argv ...string) ([]byte, error) {
		if argv[0] == "gcloud" {
			return nil, &command.Error{Line: argv[0], Reason: "its Python is gone", Err: errors.New("exit status 1")}
		}
		return []byte("99.0"), nil
	}})
	if err != nil || failed == 0 || len(rows(out.String(), "gcloud project FAIL its Python is gone")) != 1 {
		t.Errorf("%d %v\n%s", failed, err, out.String())
	}
}

func TestWhatItCannotUse(t *testing.T) {
	if _, _, err := doctor(t, tools, "my-project"); err == nil || !strings.Contains(err.Error(), "-project ID") {
		t.Errorf("%v", err)
	}
	if table, _, err := doctor(t, tools, "-project", "p;touch /tmp/x"); err == nil || !strings.Contains(err.Error(), "no project's id") || table != "" {
		t.Errorf("%v, %s", err, table)
	}
	t.Chdir(t.TempDir())
	if _, _, err := doctor(t, tools); err == nil || !strings.Contains(err.Error(), "root of the checkout") {
		t.Errorf("%v", err)
	}
}
