package cloud

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is a file of the checkout, with one space where there are several.
func source(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(` +`).ReplaceAllString(string(text), " ")
}

// What is asked for by name is what Terraform and the manifests give these names.
func TestNamesAreThoseOfTerraformAndTheManifests(t *testing.T) {
	s, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range []string{"compute", "container", "sqladmin", "run", "secretmanager", "artifactregistry", "cloudbuild"} {
		if !slices.Contains(s.APIs, api+".googleapis.com") {
			t.Errorf("%s is not among the APIs of terraform/apis.tf: %q", api, s.APIs)
		}
	}
	if slices.Contains(s.APIs, "billingbudgets.googleapis.com") {
		t.Error("an option's API is asked for")
	}
	variables := source(t, "terraform/variables.tf")
	for name, value := range map[string]string{
		"region": `"us-central1"`, "preset": `"standard"`, "ingest": `"gke"`, "sql_instance": `"pulso"`, "autopilot": "true",
	} {
		variable := regexp.MustCompile(`(?s)variable "` + name + `" \{.*?\n\}`).FindString(variables)
		if !strings.Contains(variable, "default = "+value+"\n") {
			t.Errorf("the default of %s is not %s: %s", name, value, variable)
		}
	}
	small, standard := Settings{Preset: "small"}, Settings{Preset: "standard"}
	for file, words := range map[string][]string{
		"terraform/presets.tf": {
			`zone = coalesce(var.zone, "${var.region}-b")`, fmt.Sprintf("sql_connections = %d\n", small.connections()), fmt.Sprintf("sql_connections = %d\n", standard.connections()),
		},
		"terraform/registry.tf":       {`repository_id = "` + repository + `"`},
		"terraform/secrets.tf":        {`secret_id = "pulso-${each.key}-token"`, "ingest = [", "socket = ["},
		"terraform/vm.tf":             {`name = "` + vmName + `"`, "zone = local.zone"},
		"terraform/cluster.tf":        {`name = "` + cluster + `"`, "location = var.region"},
		"terraform/database.tf":       {"name = var.sql_instance", `"cloudsql_iam_authentication"`, `"max_connections"`, `toset(["api1", "api2", "socket", "migrator"])`},
		"terraform/entry.tf":          {`{ gateway = "pulso", run = "pulso-run" }`, `address = "pulso-${entry}"`, `"${name}.endpoints.${var.project}.cloud.goog"`},
		"terraform/frontend.tf":       {`name = "` + frontend + `"`, "location = var.region"},
		"terraform/functions.tf":      {`name = "pulso-${each.key}"`},
		"terraform/network.tf":        {`name = "pulso-socket"`},
		"terraform/outputs.tf":        {`output "build" {`},
		"gke/kustomization.yaml":      {"namespace: " + namespace + "\n"},
		"gke/base/kustomization.yaml": {"app.kubernetes.io/part-of: pulso\n"},
		"gke/base/entry.yaml":         {"kind: Gateway\nmetadata:\n name: pulso\n", "value: pulso-gateway\n"},
		"gke/base/ingress.yaml":       {"kind: Ingress\nmetadata:\n name: pulso\n"},
		"gke/base/api1.yaml":          {"kind: Deployment\nmetadata:\n name: api1\n"},
		"gke/base/api2.yaml":          {"kind: Deployment\nmetadata:\n name: api2\n"},
		"gke/base/socket.yaml":        {"kind: Deployment\nmetadata:\n name: socket\n", "kind: Service\nmetadata:\n name: socket-internal\n"},
	} {
		text := source(t, file)
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("%s does not have %q", file, word)
			}
		}
	}
	if want := "names=(" + strings.Join(images, " ") + ")\n"; !strings.Contains(source(t, "scripts/cloud/images"), want) {
		t.Errorf("scripts/cloud/images does not have %q", want)
	}
}
