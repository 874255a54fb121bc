package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/terraform/test/provider/schema"
)

// config is testdata/main.tf, which the tests of what must be refused change in one place.
func config(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// workspace is a folder that real Terraform was initialized in, with the stub for Google's provider.
type workspace struct{ dir, terraformrc string }

func newWorkspace(t *testing.T, config string) workspace {
	t.Helper()
	terraformrc, err := filepath.Abs("../../../bin/google-stub/terraformrc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(terraformrc); err != nil {
		t.Fatalf("%v: run this through make test-cloud", err)
	}
	w := workspace{t.TempDir(), terraformrc}
	w.write(t, config)
	w.must(t, "init")
	return w
}

func (w workspace) write(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// terraform runs a command of Terraform's and returns all that it prints, and its exit code.
func (w workspace) terraform(t *testing.T, arguments ...string) (string, int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "terraform", append(arguments, "-no-color")...)
	command.Dir = w.dir
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+w.terraformrc, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("terraform: %v", err)
	}
	return string(output), command.ProcessState.ExitCode()
}

func (w workspace) must(t *testing.T, arguments ...string) string {
	t.Helper()
	output, code := w.terraform(t, arguments...)
	if code != 0 {
		t.Fatalf("terraform %s: exit code %d\n%s", strings.Join(arguments, " "), code, output)
	}
	return output
}

func (w workspace) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// From nothing to all of it and back: plan, apply, a second plan that finds nothing to do, destroy.
func TestLife(t *testing.T) {
	w := newWorkspace(t, config(t))
	w.must(t, "validate")
	w.must(t, "plan", "-out=plan")
	plan := w.must(t, "show", "-json", "plan")
	var planned struct {
		Changes []struct {
			Address string `json:"address"`
			Change  struct {
				After   map[string]any `json:"after"`
				Unknown map[string]any `json:"after_unknown"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(plan), &planned); err != nil {
		t.Fatal(err)
	}
	for _, c := range planned.Changes {
		switch c.Address {
		case "google_project_iam_member.vm":
			if got := c.Change.After["member"]; got != "serviceAccount:vm-account@demo-project.iam.gserviceaccount.com" {
				t.Errorf("the account's identity is %v in the plan", got)
			}
		case "google_secret_manager_secret_version.token":
			if got := c.Change.After["secret_data_wo"]; got != nil {
				t.Errorf("the write-only value is %v in the plan", got)
			}
		case "google_compute_subnetwork.vm":
			if c.Change.Unknown["network"] != true || c.Change.After["region"] != "us-central1" {
				t.Errorf("network unknown: %v, region %v: want true, us-central1", c.Change.Unknown["network"], c.Change.After["region"])
			}
		}
	}

	w.must(t, "apply", "plan")
	checkOutputs(t, w)
	if strings.Contains(w.read(t, "terraform.tfstate"), "hush-hush-0123") {
		t.Error("the write-only value is in the state")
	}
	if output, code := w.terraform(t, "plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("the second plan: exit code %d\n%s", code, output)
	}

	// A change to one block of a set is that, and leaves what was computed in the other.
	w.write(t, strings.Replace(config(t), "max_rate = 10", "max_rate = 20", 1))
	if output := w.must(t, "plan"); !strings.Contains(output, "0 to add, 1 to change, 0 to destroy") || strings.Contains(output, "networkEndpointGroups/one") {
		t.Errorf("the plan after one block changed:\n%s", output)
	}
	// A database that nothing says may go stays.
	w.write(t, regexp.MustCompile("  deletion_protection = false # .*\n").ReplaceAllString(config(t), ""))
	w.must(t, "apply", "-auto-approve")
	if output, code := w.terraform(t, "destroy", "-auto-approve"); code != 1 || !strings.Contains(output, "deletion_protection=false") {
		t.Errorf("destroying the protected database: exit code %d\n%s", code, output)
	}
	w.write(t, config(t))
	w.must(t, "apply", "-auto-approve")
	w.must(t, "destroy", "-auto-approve")
	if left := w.must(t, "state", "list"); left != "" {
		t.Errorf("left after destroy:\n%s", left)
	}
}

func checkOutputs(t *testing.T, w workspace) {
	t.Helper()
	var outputs struct {
		Values struct {
			Value map[string]string `json:"value"`
		} `json:"values"`
	}
	if err := json.Unmarshal([]byte(w.must(t, "output", "-json")), &outputs); err != nil {
		t.Fatal(err)
	}
	for name, pattern := range map[string]string{
		"connection":  `demo-project:us-central1:db`,
		"endpoint":    `gke-\d+\.us-central1\.gke\.goog`,
		"inside":      `10\.10\.4\.\d+`,
		"ip":          `10\.20\.0\.3`,
		"network":     `https://www\.googleapis\.com/compute/v1/projects/demo-project/global/networks/vpc`,
		"number":      `\d+`,
		"outside":     `203\.0\.113\.\d+`,
		"secret":      `projects/demo-project/secrets/token/versions/1`,
		"subnetwork":  `projects/demo-project/regions/us-central1/subnetworks/vm`,
		"uri":         `https://page-\d+\.us-central1\.run\.app`,
		"vm_account":  `vm-account@demo-project\.iam\.gserviceaccount\.com`,
		"vm_identity": `serviceAccount:vm-account@demo-project\.iam\.gserviceaccount\.com`,
	} {
		if got, ok := outputs.Values.Value[name]; !ok || !regexp.MustCompile("^"+pattern+"$").MatchString(got) {
			t.Errorf("%s is %q, want %s", name, got, pattern)
		}
	}
}

// What Google's provider would refuse by its schema, real Terraform refuses here.
func TestRefused(t *testing.T) {
	w := newWorkspace(t, config(t))
	for name, test := range map[string]struct{ from, to, says string }{
		"an unknown argument":                  {`account_id = "vm-account"`, `account_id = "vm-account"` + "\n  colour = 1", `An argument named "colour" is not expected here`},
		"a missing argument":                   {`account_id = "vm-account"`, ``, `The argument "account_id" is required`},
		"a computed argument":                  {`account_id = "vm-account"`, `account_id = "vm-account"` + "\n  email = \"a@b.c\"", `Can't configure a value for "email"`},
		"a computed argument in":               {`tier = "db-f1-micro"`, "tier = \"db-f1-micro\"\n    version = 1", `Can't configure a value for "version"`},
		"a computed argument of a data source": {`data "google_project" "this" {}`, "data \"google_project\" \"this\" {\n  number = 1\n}", `Can't configure a value for "number"`},
		"a wrong type":                         {`auto_create_subnetworks = false`, `auto_create_subnetworks = ["no"]`, `Inappropriate value for attribute "auto_create_subnetworks"`},
		"an unknown block":                     {"    auto {}", "    automatic {}", `Blocks of type "automatic" are not expected here`},
		"a missing block":                      {"  replication {\n    auto {}\n  }", "", `At least 1 "replication" blocks are required`},
		"one block too many":                   {"    auto {}", "    auto {}\n    auto {}", `No more than 1 "auto" blocks are allowed`},
		"a block as a value":                   {"    auto {}", "    auto = {}", `An argument named "auto" is not expected here`},
		"a missing argument in":                {`tier = "db-f1-micro"`, ``, `The argument "tier" is required`},
		"an unknown type":                      {`"google_compute_network" "vpc"`, `"google_compute_nowhere" "vpc"`, `does not support resource type "google_compute_nowhere"`},
		"an unknown reference":                 {`google_compute_network.vpc.id`, `google_compute_network.vpc.uid`, `This object has no argument, nested block, or exported attribute named "uid"`},
		"an unknown setting":                   {`region  = "us-central1"`, `regoin = "us-central1"`, `An argument named "regoin" is not expected here`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(config(t), test.from, test.to, 1)
			if changed == config(t) {
				t.Fatalf("testdata/main.tf has no %q", test.from)
			}
			w.write(t, changed)
			output, code := w.terraform(t, "validate")
			if plain := strings.Join(strings.Fields(output), " "); code != 1 || !strings.Contains(plain, test.says) {
				t.Errorf("exit code %d, want 1 and %q:\n%s", code, test.says, output)
			}
		})
	}
}

// What Terraform understood of the schema is what the extractor wrote: nothing is lost on the way through the protocol.
func TestServed(t *testing.T) {
	w := newWorkspace(t, config(t))
	var served struct {
		Providers map[string]json.RawMessage `json:"provider_schemas"`
	}
	if err := json.Unmarshal([]byte(w.must(t, "providers", "schema", "-json")), &served); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../../bin/google-stub/mirror/registry.terraform.io/hashicorp/google/*/*/schema.json")
	if err != nil || len(files) != 1 {
		t.Fatalf("%d schemas in bin/google-stub (%v), want one", len(files), err)
	}
	wrote, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	got, want := normal(t, served.Providers["registry.terraform.io/hashicorp/google"]), normal(t, wrote)
	if got != want {
		t.Errorf("Terraform has a schema of %d bytes, the extractor's is %d bytes long and another", len(got), len(want))
	}
}

func normal(t *testing.T, text []byte) string {
	t.Helper()
	var p schema.Provider
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}
