package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// Settings are what Terraform makes the project from, as far as it can be told apart from outside.
type Settings struct {
	Project string
	// Terraform is the project that terraform.tfvars names, if there is one.
	Terraform   string
	Region      string
	Zone        string
	Preset      string
	Ingest      string
	SQLInstance string
	Autopilot   bool
	// APIs are those that must be enabled.
	APIs []string
}

// Names that Terraform and the manifests give.
const (
	namespace  = "so1-fase2"
	repository = "pulso"
	vmName     = "pulso-vm"
	cluster    = "pulso"
	frontend   = "pulso-frontend"
)

// images are what the repository has to hold.
var images = []string{"agent", "workload", "functions", "socket", "migrator", "frontend"}

// Read takes the settings from terraform/ in the root of the checkout.
func Read(root string) (Settings, error) {
	folder := filepath.Join(root, "terraform")
	set, err := assignments(filepath.Join(folder, "terraform.tfvars"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Settings{}, err
	}
	s := Settings{
		Terraform: set["project"], Region: cmp.Or(set["region"], "us-central1"), Preset: cmp.Or(set["preset"], "standard"),
		Ingest: cmp.Or(set["ingest"], "gke"), SQLInstance: cmp.Or(set["sql_instance"], "pulso"), Autopilot: set["autopilot"] != "false",
	}
	s.Zone = cmp.Or(set["zone"], s.Region+"-b")
	if s.APIs, err = apis(filepath.Join(folder, "apis.tf")); err != nil {
		return Settings{}, err
	}
	return s, nil
}

// assignment is a variable of one word, as `terraform fmt` leaves it.
var assignment = regexp.MustCompile(`(?m)^(\w+)\s*=\s*"?([\w-]+)"?\s*(?:#.*)?$`)

func assignments(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := map[string]string{}
	for _, match := range assignment.FindAllSubmatch(text, -1) {
		set[string(match[1])] = string(match[2])
	}
	return set, nil
}

// listedAPI is one that is always asked for. Those of options stand behind a condition, on its line.
var listedAPI = regexp.MustCompile(`(?m)^\s*"([a-z]+\.googleapis\.com)",?$`)

func apis(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: start in the root of the checkout", err)
	}
	var names []string
	for _, match := range listedAPI.FindAllSubmatch(text, -1) {
		names = append(names, string(match[1]))
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s lists no API", path)
	}
	slices.Sort(names)
	return names, nil
}

// inCluster and onCloudRun say where the two write routes are.
func (s Settings) inCluster() bool  { return s.Ingest != "cloud_run" }
func (s Settings) onCloudRun() bool { return s.Ingest != "gke" }

func (s Settings) registry() string {
	return s.Region + "-docker.pkg.dev/" + s.Project + "/" + repository
}

// kubeContext is the name that `gcloud container clusters get-credentials` gives.
func (s Settings) kubeContext() string {
	return "gke_" + s.Project + "_" + s.Region + "_" + cluster
}

// email is the account of a service.
func (s Settings) email(service string) string {
	return "pulso-" + service + "@" + s.Project + ".iam.gserviceaccount.com"
}
