package terraform_test

import (
	"strings"
	"testing"
)

// TestBrokenConfigurationsAreRefused breaks terraform/ as people do, and sees each refused: by Terraform, which then says these
// words, or by the rule of this name.
func TestBrokenConfigurationsAreRefused(t *testing.T) {
	c := choice{preset: "standard", ingest: "both", generators: []string{"203.0.113.7/32"}}
	for name, b := range map[string]struct {
		edit edit
		says string
		rule string
	}{
		"a public database": {
			edit{"database.tf", "ipv4_enabled       = false", "ipv4_enabled       = true"}, "", "database"},
		"a database without client certificates": {
			edit{"database.tf", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED", "ALLOW_UNENCRYPTED_AND_ENCRYPTED"}, "", "database"},
		"a database of Google's default edition": {
			edit{"database.tf", `    edition                     = "ENTERPRISE"` + "\n", ""}, "", "database"},
		"a database that knows nobody's Google account": {
			edit{"database.tf", `"cloudsql_iam_authentication"`, `"general_log"`}, "", "database"},
		"a database before its network is peered": {
			edit{"database.tf", "depends_on = [google_service_networking_connection.sql]", "depends_on = [google_service_networking_connection.mysql]"},
			"Reference to undeclared resource", ""},
		"functions that hold too many connections": {
			edit{"functions.tf", "{ api1 = 10, api2 = 4 }", "{ api1 = 64, api2 = 4 }"}, "", "connections"},
		"functions that anybody reaches past the load balancer": {
			edit{"functions.tf", `"INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"`, `"INGRESS_TRAFFIC_ALL"`}, "", "cloud run"},
		"a function whose settings are public": {
			edit{"functions.tf", `paths = ["/", "/api", "/api/*"]`, `paths = ["/*"]`}, "", "50/50 on cloud run"},
		"a split of 60 to 60": {
			edit{"functions.tf", "weight          = 50", "weight          = 60"}, "", "50/50 on cloud run"},
		"a firewall that lets everybody in": {
			edit{"network.tf", "source_ranges           = var.load_generator_cidrs", `source_ranges           = ["0.0.0.0/0"]`}, "", "firewall"},
		"SSH from everywhere": {
			edit{"network.tf", `"35.235.240.0/20"`, `"0.0.0.0/0"`}, "", "firewall"},
		"a range that gke/ does not know": {
			edit{"network.tf", `"10.10.8.0/26"`, `"10.10.9.0/26"`}, "", "ranges"},
		"two ranges that overlap": {
			edit{"network.tf", `"10.13.0.0/20"`, `"10.12.128.0/20"`}, "", "ranges"},
		"nodes without a way to the registry": {
			edit{"network.tf", "registry and to the SQL Admin API.\n  private_ip_google_access = true", "registry and to the SQL Admin API.\n  private_ip_google_access = false"}, "", "ranges"},
		"a VM that refuses the modules": {
			edit{"vm.tf", "enable_secure_boot          = false", "enable_secure_boot          = true"}, "", "vm"},
		"a VM with key files": {
			edit{"vm.tf", `enable-oslogin         = "TRUE"`, `ssh-keys = "me:ssh-ed25519 AAAA me"`}, "", "vm"},
		"an owner": {
			edit{"identities.tf", `frontend = []`, `frontend = ["roles/owner"]`}, "", "roles"},
		"a token that is in the state": {
			edit{"secrets.tf", "secret_data_wo         = uuid()", `secret_data            = "s3cret"`}, "", "secrets"},
		"a function before its token has a version": {
			edit{"secrets.tf", `resource "google_secret_manager_secret_version" "token"`, `resource "google_secret_manager_secret_version" "first"`},
			"Reference to undeclared resource", ""},
		"a cluster that Cloud Build does not reach": {
			edit{"cluster.tf", "allow_external_traffic = true", "allow_external_traffic = false"}, "", "cluster"},
		"a cluster without the Gateway API": {
			edit{"cluster.tf", `channel = "CHANNEL_STANDARD"`, `channel = "CHANNEL_DISABLED"`}, "", "cluster"},
		"Autopilot with what it may not have": {
			edit{"cluster.tf", "enable_shielded_nodes    = var.autopilot ? null : true", "enable_shielded_nodes    = true"}, "", "cluster"},
		"public nodes": {
			edit{"cluster.tf", "enable_private_nodes = true", "enable_private_nodes = false"}, "", "public addresses"},
		"a dashboard whose WebSockets end after five minutes": {
			edit{"frontend.tf", `timeout                          = "3600s"`, `timeout                          = "300s"`}, "", "cloud run"},
		"an argument that there is not": {
			edit{"database.tf", "disk_autoresize             = true", "disk_autorize               = true"}, "Unsupported argument", ""},
		"a block that there is not": {
			edit{"cluster.tf", "gateway_api_config {", "gateway_config {"}, "Unsupported block type", ""},
		"an argument that is missing": {
			edit{"registry.tf", `  format        = "DOCKER"` + "\n", ""}, "Missing required argument", ""},
		"a number that is none": {
			edit{"network.tf", "prefix_length = 20", `prefix_length = "twenty"`}, "Incorrect attribute value type", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, b.edit)
			_, err := w.run(t, "apply", append(variables(c.settings()...), "-auto-approve")...)
			if b.says != "" {
				if err == nil || !strings.Contains(err.Error(), b.says) {
					t.Fatalf("Terraform does not say %q: %v", b.says, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if found := broken(w.state(t), c); found[b.rule] == nil {
				t.Errorf("no rule %q broken, but: %v", b.rule, found)
			}
		})
	}
}
