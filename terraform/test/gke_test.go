package terraform_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// object is one of Kubernetes'.
type object struct{ resource }

func (o object) name() string { return o.text("metadata", "name") }

// manifests is what `kubectl apply -k gke/` applies for my-project-123456.
func manifests(t *testing.T) []object {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "gke")
	if err := os.CopyFS(dir, onlyManifests{os.DirFS(filepath.Join(root, "gke"))}); err != nil {
		t.Fatal(err)
	}
	env := filepath.Join(dir, "project.env")
	values, err := os.ReadFile(env)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(env, bytes.ReplaceAll(values, []byte("PROJECT_ID"), []byte("my-project-123456")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "kubectl", "kustomize", dir).Output()
	if err != nil {
		t.Fatalf("kubectl kustomize: %v", err)
	}
	var objects []object
	for decoder := yaml.NewDecoder(bytes.NewReader(out)); ; {
		var o object
		if err := decoder.Decode(&o.Values); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
}

// onlyManifests is gke/ without its programs.
type onlyManifests struct{ fs.FS }

func (m onlyManifests) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(m.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return name == "." && (e.Name() == "test" || e.Name() == "migrator") }), err
}

// TestTheClusterFindsWhatTerraformMade holds every name by which gke/ knows something outside the cluster against what
// Terraform calls it.
func TestTheClusterFindsWhatTerraformMade(t *testing.T) {
	t.Parallel()
	_, s := applied(t, nil)
	users := map[string]bool{}
	for _, user := range s.of("google_sql_user") {
		name, _, _ := strings.Cut(user.text("name"), "@")
		users[name] = true
	}
	repository := s.the("google_artifact_registry_repository.pulso")
	registry := repository.text("location") + "-docker.pkg.dev/my-project-123456/" + repository.text("repository_id") + "/"
	gateway := s.the(`google_compute_global_address.entry["gateway"]`)
	host := s.the(`google_endpoints_service.entry["gateway"]`).text("service_name")
	roles := granted(s)

	checked := map[string]int{}
	same := func(what string, got, want any) {
		t.Helper()
		checked[what]++
		if got != want {
			t.Errorf("%s: the cluster looks for %q, and Terraform made %q", what, got, want)
		}
	}
	for _, o := range manifests(t) {
		switch o.at("kind") {
		case "ServiceAccount":
			if email := o.text("metadata", "annotations", "iam.gke.io/gcp-service-account"); email != "" {
				account := s.the(fmt.Sprintf("google_service_account.pulso[%q]", o.name()))
				same("account", email, account.text("email"))
				member := "my-project-123456.svc.id.goog[so1-fase2/" + o.name() + "]"
				if !slices.Contains(roles[member], "iam.workloadIdentityUser on "+account.text("account_id")) {
					t.Errorf("%s may not act as %s", member, email)
				}
			}
		case "Gateway":
			text := fmt.Sprint(o.Values)
			for _, name := range []string{gateway.text("name"), s.the(`google_compute_managed_ssl_certificate.entry["gateway"]`).text("name")} {
				checked["gateway"]++
				if !strings.Contains(text, ":"+name) && !strings.Contains(text, " "+name) {
					t.Errorf("the Gateway does not name %s", name)
				}
			}
		case "HTTPRoute":
			same("host", fmt.Sprint(o.at("spec", "hostnames")), "["+host+"]")
		case "Service":
			if address := o.text("metadata", "annotations", "networking.gke.io/load-balancer-ip-addresses"); address != "" {
				same("internal address", address, s.the("google_compute_address.socket").text("name"))
				same("who may come by it", fmt.Sprint(o.at("spec", "loadBalancerSourceRanges")), "["+s.the("google_compute_subnetwork.run").text("ip_cidr_range")+"]")
			}
		case "SecretProviderClass":
			found := regexp.MustCompile(`resourceName: (projects/[^/]+/secrets/[^/]+)/versions/latest`).FindStringSubmatch(fmt.Sprint(o.at("spec", "parameters", "secrets")))
			if found == nil {
				t.Fatalf("%s names no secret", o.name())
			}
			name, _, _ := strings.Cut(o.name(), "-")
			same("secret", found[1], s.the(fmt.Sprintf("google_secret_manager_secret.token[%q]", name)).text("id"))
		case "ConfigMap":
			if instance := o.text("data", "PULSO_CLOUDSQL_INSTANCE"); instance != "" {
				same("instance", instance, s.the("google_sql_database_instance.pulso").text("connection_name"))
				same("database", o.at("data", "PULSO_DB_NAME"), s.the("google_sql_database.pulso").text("name"))
			}
		case "Deployment", "Job":
			text := fmt.Sprint(o.Values)
			for _, image := range regexp.MustCompile(`image:(\S+)`).FindAllStringSubmatch(text, -1) {
				same("registry", image[1][:strings.LastIndexByte(image[1], '/')+1], registry)
			}
			for _, user := range regexp.MustCompile(`name:PULSO_DB_USER value:([^\]\s]+)`).FindAllStringSubmatch(text, -1) {
				checked["user"]++
				if !users[user[1]] {
					t.Errorf("%s logs in as %s, and the database has only %v", o.name(), user[1], users)
				}
			}
		}
	}
	want := map[string]int{"account": 4, "gateway": 2, "host": 1, "internal address": 1, "who may come by it": 1, "secret": 2, "instance": 1, "database": 1, "registry": 4, "user": 4}
	if fmt.Sprint(checked) != fmt.Sprint(want) {
		t.Errorf("compared %v, and should have %v", checked, want)
	}
}
