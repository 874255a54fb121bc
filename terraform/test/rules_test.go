package terraform_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// choice is what was asked for, as far as the rules need to know.
type choice struct {
	preset     string // standard or small
	ingest     string // gke, cloud_run or both
	standard   bool   // a Standard cluster instead of Autopilot
	generators []string
}

// rule holds a state against one promise of the project, and says everything that breaks it.
type rule struct {
	name  string
	check func(s state, c choice, broken func(format string, arguments ...any))
}

// equal says what is not as it should be.
func equal(broken func(string, ...any), what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		broken("%s is %#v, and should be %#v", what, got, want)
	}
}

// What a schema cannot say, but the rest of the project and Google's documentation ask for.
var rules = []rule{
	{"database", func(s state, c choice, broken func(string, ...any)) {
		db := s.the("google_sql_database_instance.pulso")
		for _, v := range []struct {
			path []any
			want any
		}{
			{[]any{"database_version"}, "MYSQL_8_4"},
			{[]any{"settings", 0, "edition"}, "ENTERPRISE"},
			{[]any{"settings", 0, "ip_configuration", 0, "ipv4_enabled"}, false},
			{[]any{"settings", 0, "ip_configuration", 0, "private_network"}, s.the("google_compute_network.pulso").at("id")},
			{[]any{"settings", 0, "ip_configuration", 0, "ssl_mode"}, "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"},
			{[]any{"settings", 0, "backup_configuration", 0, "enabled"}, true},
			{[]any{"settings", 0, "backup_configuration", 0, "binary_log_enabled"}, true},
			{[]any{"settings", 0, "insights_config", 0, "query_insights_enabled"}, c.preset == "standard"},
			{[]any{"settings", 0, "disk_autoresize"}, true},
			{[]any{"settings", 0, "disk_autoresize_limit"}, 100.0},
			{[]any{"settings", 0, "availability_type"}, "ZONAL"},
			{[]any{"settings", 0, "location_preference", 0, "zone"}, "us-central1-b"},
			{[]any{"settings", 0, "ip_configuration", 0, "allocated_ip_range"}, "pulso-sql"},
			{[]any{"settings", 0, "backup_configuration", 0, "transaction_log_retention_days"}, 7.0},
			{[]any{"settings", 0, "backup_configuration", 0, "backup_retention_settings", 0, "retained_backups"}, 7.0},
			{[]any{"settings", 0, "deletion_protection_enabled"}, c.preset == "standard"},
			{[]any{"deletion_protection"}, c.preset == "standard"},
		} {
			equal(broken, fmt.Sprint("the database's ", v.path), db.at(v.path...), v.want)
		}
		flags := map[string]string{}
		for _, flag := range db.list("settings", 0, "database_flags") {
			flags[flag.text("name")] = flag.text("value")
		}
		want := map[string]string{"cloudsql_iam_authentication": "on", "max_connections": "500"}
		if c.preset == "small" {
			want["max_connections"] = "250"
		}
		equal(broken, "the database's flags", flags, want)
		equal(broken, "the database's tier", db.at("settings", 0, "tier"), map[string]any{"standard": "db-custom-1-3840", "small": "db-f1-micro"}[c.preset])
		for _, user := range s.of("google_sql_user") {
			equal(broken, user.Address+"'s type", user.at("type"), "CLOUD_IAM_SERVICE_ACCOUNT")
			equal(broken, user.Address+"'s password", user.at("password"), nil)
			equal(broken, "what becomes of "+user.Address, user.at("deletion_policy"), "ABANDON")
		}
		// A destroy that the instance's protection stops must not have dropped the rows before.
		equal(broken, "what becomes of the rows", s.the("google_sql_database.pulso").at("deletion_policy"), "ABANDON")
		equal(broken, "the database's characters", s.the("google_sql_database.pulso").at("charset"), "utf8mb4")
	}},

	{"connections", func(s state, c choice, broken func(string, ...any)) {
		most := map[string]int{"standard": 500, "small": 250}[c.preset] * 80 / 100
		// gke/README.md's table, which gke/test/manifests computes from the manifests.
		sum := map[string]int{"standard": 309, "small": 173}[c.preset]
		if c.ingest == "cloud_run" {
			sum = map[string]int{"standard": 93, "small": 53}[c.preset] // socket and migrator
		}
		for _, service := range s.of("google_cloud_run_v2_service") {
			var pool int
			for _, env := range service.list("template", 0, "containers", 0, "env") {
				if env.text("name") == "PULSO_DB_POOL" {
					if _, err := fmt.Sscan(env.text("value"), &pool); err != nil {
						broken("%s: PULSO_DB_POOL: %v", service.Address, err)
					}
				}
			}
			instances, _ := service.at("template", 0, "scaling", 0, "max_instance_count").(float64)
			sum += 2 * int(instances) * pool // a new revision's beside the old one's
		}
		if sum > most {
			broken("all together may hold %d connections, of %d", sum, most)
		}
	}},

	{"public addresses", func(s state, c choice, broken func(string, ...any)) {
		var public []string
		for _, kind := range []string{"google_compute_address", "google_compute_global_address"} {
			for _, address := range s.of(kind) {
				if address.at("address_type") != "INTERNAL" {
					public = append(public, address.text("name"))
				}
			}
		}
		slices.Sort(public)
		want := map[string][]string{
			"gke": {"pulso-gateway", "pulso-vm"}, "cloud_run": {"pulso-run", "pulso-vm"}, "both": {"pulso-gateway", "pulso-run", "pulso-vm"},
		}[c.ingest]
		equal(broken, "what has a public address", public, want)
		equal(broken, "the nodes' privacy", s.the("google_container_cluster.pulso").at("private_cluster_config", 0, "enable_private_nodes"), true)
		for _, rule := range s.of("google_compute_global_forwarding_rule") {
			equal(broken, rule.Address+"'s port", rule.at("port_range"), "443")
		}
	}},

	{"firewall", func(s state, c choice, broken func(string, ...any)) {
		vm := []any{"pulso-vm@my-project-123456.iam.gserviceaccount.com"}
		type opening struct{ sources, ports, targets any }
		got := map[string]opening{}
		for _, r := range s.of("google_compute_firewall") {
			got[r.text("name")] = opening{r.at("source_ranges"), r.at("allow", 0, "ports"), r.at("target_service_accounts")}
			equal(broken, r.Address+"'s protocol", r.at("allow", 0, "protocol"), "tcp")
			if len(r.list("allow")) != 1 || r.at("source_tags") != nil || r.at("source_service_accounts") != nil {
				broken("%s lets in more than it should", r.Address)
			}
		}
		generators := []any{}
		for _, cidr := range c.generators {
			generators = append(generators, cidr)
		}
		equal(broken, "what the firewall lets in", got, map[string]opening{
			"pulso-vm-load": {generators, []any{"8080", "8082"}, vm},
			"pulso-vm-ssh":  {[]any{"35.235.240.0/20"}, []any{"22"}, vm},
		})
	}},

	{"ranges", func(s state, _ choice, broken func(string, ...any)) {
		ranges := map[string]netip.Prefix{}
		add := func(name, cidr string) {
			prefix, err := netip.ParsePrefix(cidr)
			if err != nil || prefix.Masked() != prefix {
				broken("the range of %s: %q", name, cidr)
				return
			}
			for other, range_ := range ranges {
				if range_.Overlaps(prefix) {
					broken("the ranges of %s and %s overlap", name, other)
				}
			}
			ranges[name] = prefix
		}
		for _, subnet := range s.of("google_compute_subnetwork") {
			add(subnet.text("name"), subnet.text("ip_cidr_range"))
			for _, secondary := range subnet.list("secondary_ip_range") {
				add(secondary.text("range_name"), secondary.text("ip_cidr_range"))
			}
		}
		sql := s.the("google_compute_global_address.sql")
		add("sql", fmt.Sprintf("%s/%v", sql.at("address"), sql.at("prefix_length")))
		values := projectEnv()
		equal(broken, "the range of Cloud Run", ranges["pulso-run"].String(), values["CLOUD_RUN_RANGE"])
		equal(broken, "the range of Cloud SQL", ranges["sql"].String(), values["SQL_RANGE"])
		if bits := ranges["pulso-run"].Bits(); bits > 26 {
			broken("Cloud Run asks for a /26 or a larger range, and has a /%d", bits)
		}
		for _, subnet := range []string{"gke", "run"} {
			equal(broken, "the way to Google's APIs of "+subnet, s.the("google_compute_subnetwork."+subnet).at("private_ip_google_access"), true)
		}
		socket := s.the("google_compute_address.socket")
		equal(broken, "the subnetwork of pulso-socket", socket.at("subnetwork"), s.the("google_compute_subnetwork.gke").at("id"))
		// A pod may open 443 to everything but private ranges: none of ours may be outside them.
		for name, prefix := range ranges {
			if !prefix.Addr().IsPrivate() {
				broken("%s is not a private range: %s", name, prefix)
			}
		}
	}},

	{"vm", func(s state, _ choice, broken func(string, ...any)) {
		vm := s.the("google_compute_instance.vm")
		script, err := os.ReadFile(filepath.Join(root, "agent/deploy/startup.sh"))
		if err != nil {
			broken("%v", err)
		}
		for _, v := range []struct {
			path []any
			want any
		}{
			{[]any{"boot_disk", 0, "initialize_params", 0, "image"}, "debian-cloud/debian-12"},
			{[]any{"shielded_instance_config", 0, "enable_secure_boot"}, false},
			{[]any{"shielded_instance_config", 0, "enable_vtpm"}, true},
			{[]any{"shielded_instance_config", 0, "enable_integrity_monitoring"}, true},
			{[]any{"metadata", "enable-oslogin"}, "TRUE"},
			{[]any{"metadata", "block-project-ssh-keys"}, "TRUE"},
			{[]any{"metadata", "ssh-keys"}, nil},
			{[]any{"metadata", "startup-script"}, string(script)},
			{[]any{"metadata", "pulso-agent-image"}, "us-central1-docker.pkg.dev/my-project-123456/pulso/agent:latest"},
			{[]any{"metadata", "pulso-workload-image"}, "us-central1-docker.pkg.dev/my-project-123456/pulso/workload:latest"},
			{[]any{"metadata_startup_script"}, nil},
			{[]any{"service_account", 0, "email"}, "pulso-vm@my-project-123456.iam.gserviceaccount.com"},
			{[]any{"service_account", 0, "scopes"}, []any{"cloud-platform"}},
			{[]any{"boot_disk", 0, "initialize_params", 0, "size"}, 20.0},
			{[]any{"allow_stopping_for_update"}, true},
			{[]any{"network_interface", 0, "access_config", 0, "nat_ip"}, s.the("google_compute_address.vm").at("address")},
		} {
			equal(broken, fmt.Sprint("the VM's ", v.path), vm.at(v.path...), v.want)
		}
	}},

	{"cluster", func(s state, c choice, broken func(string, ...any)) {
		cluster := s.the("google_container_cluster.pulso")
		for _, v := range []struct {
			path []any
			want any
		}{
			{[]any{"release_channel", 0, "channel"}, "REGULAR"},
			{[]any{"gateway_api_config", 0, "channel"}, "CHANNEL_STANDARD"},
			{[]any{"secret_manager_config", 0, "enabled"}, true},
			{[]any{"enable_l4_ilb_subsetting"}, true},
			{[]any{"ip_allocation_policy", 0, "cluster_secondary_range_name"}, "pods"},
			{[]any{"ip_allocation_policy", 0, "services_secondary_range_name"}, "services"},
			{[]any{"control_plane_endpoints_config", 0, "dns_endpoint_config", 0, "allow_external_traffic"}, true},
			{[]any{"control_plane_endpoints_config", 0, "ip_endpoints_config", 0, "enabled"}, false},
			{[]any{"deletion_protection"}, c.preset == "standard"},
		} {
			equal(broken, fmt.Sprint("the cluster's ", v.path), cluster.at(v.path...), v.want)
		}
		nodes := "pulso-nodes@my-project-123456.iam.gserviceaccount.com"
		if c.standard {
			pool := s.the("google_container_node_pool.pulso[0]")
			equal(broken, "the cluster's pool of identities", cluster.at("workload_identity_config", 0, "workload_pool"), "my-project-123456.svc.id.goog")
			equal(broken, "the cluster's data path", cluster.at("datapath_provider"), "ADVANCED_DATAPATH")
			equal(broken, "the nodes' account", pool.at("node_config", 0, "service_account"), nodes)
			equal(broken, "the nodes' metadata server", pool.at("node_config", 0, "workload_metadata_config", 0, "mode"), "GKE_METADATA")
			equal(broken, "the nodes' Secure Boot", pool.at("node_config", 0, "shielded_instance_config", 0, "enable_secure_boot"), true)
			equal(broken, "the nodes", []any{pool.at("initial_node_count"), pool.at("autoscaling", 0, "total_max_node_count")}, []any{1.0, 4.0})
			equal(broken, "whether the first pool goes", cluster.at("remove_default_node_pool"), true)
			return
		}
		equal(broken, "Autopilot", cluster.at("enable_autopilot"), true)
		equal(broken, "the nodes' account", cluster.at("cluster_autoscaling", 0, "auto_provisioning_defaults", 0, "service_account"), nodes)
		// The provider refuses these beside enable_autopilot.
		for _, argument := range []string{"workload_identity_config", "remove_default_node_pool", "enable_shielded_nodes"} {
			if v := cluster.at(argument); v != nil && !reflect.DeepEqual(v, []any{}) {
				broken("with Autopilot the cluster has %s", argument)
			}
		}
	}},

	{"roles", func(s state, c choice, broken func(string, ...any)) {
		equal(broken, "who may do what", granted(s), wantedRoles(c))
		if keys := s.of("google_service_account_key"); len(keys) > 0 {
			broken("a service account has a key")
		}
		equal(broken, "what the build may do beside Google's roles", s.the("google_project_iam_custom_role.build").at("permissions"), []any{
			"cloudsql.instances.get", "cloudsql.users.update", "compute.sslCertificates.get",
		})
		source := s.the("google_storage_bucket.source")
		equal(broken, "the source bucket's public access", source.at("public_access_prevention"), "enforced")
		equal(broken, "the source bucket's access by object", source.at("uniform_bucket_level_access"), true)
	}},

	{"cloud run", func(s state, c choice, broken func(string, ...any)) {
		want := []string{"pulso-frontend"}
		if c.ingest != "gke" {
			want = []string{"pulso-api1", "pulso-api2", "pulso-frontend"}
		}
		var names []string
		for _, service := range s.of("google_cloud_run_v2_service") {
			name := service.text("name")
			names = append(names, name)
			ingress := "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
			if name == "pulso-frontend" {
				ingress = "INGRESS_TRAFFIC_ALL"
			}
			for _, v := range []struct {
				path []any
				want any
			}{
				{[]any{"ingress"}, ingress},
				{[]any{"deletion_protection"}, false},
				{[]any{"template", 0, "service_account"}, name + "@my-project-123456.iam.gserviceaccount.com"},
				{[]any{"template", 0, "vpc_access", 0, "egress"}, "PRIVATE_RANGES_ONLY"},
				{[]any{"template", 0, "vpc_access", 0, "network_interfaces", 0, "subnetwork"}, s.the("google_compute_subnetwork.run").at("id")},
				{[]any{"template", 0, "containers", 0, "image"}, "us-docker.pkg.dev/cloudrun/container/hello"},
				// A function stores its statistics between requests; the dashboard does nothing then, and costs nothing.
				{[]any{"template", 0, "containers", 0, "resources", 0, "cpu_idle"}, name == "pulso-frontend"},
				{[]any{"template", 0, "max_instance_request_concurrency"}, map[bool]any{true: 1000.0, false: 80.0}[name == "pulso-frontend"]},
			} {
				equal(broken, fmt.Sprint(name, "'s ", v.path), service.at(v.path...), v.want)
			}
		}
		slices.Sort(names)
		equal(broken, "what is on Cloud Run", names, want)
		dashboard := s.the("google_cloud_run_v2_service.frontend")
		equal(broken, "how long a WebSocket lives", dashboard.at("template", 0, "timeout"), "3600s")
		equal(broken, "the dashboard's settings", settings(dashboard), map[string]string{
			"PULSO_SOCKET_URL": "http://" + s.the("google_compute_address.socket").text("address"),
		})
		least := map[string]float64{"standard": 1, "small": 0}[c.preset]
		equal(broken, "the dashboard's least instances", dashboard.at("template", 0, "scaling", 0, "min_instance_count"), least)
		most := map[string]float64{"standard": 4, "small": 1}[c.preset]
		equal(broken, "the dashboard's most instances", dashboard.at("template", 0, "scaling", 0, "max_instance_count"), most)
		for _, route := range []string{"api1", "api2"} {
			if c.ingest == "gke" {
				continue
			}
			service := s.the(fmt.Sprintf("google_cloud_run_v2_service.route[%q]", route))
			equal(broken, route+"'s settings", settings(service), map[string]string{
				"FUNCTION_TARGET": route, "PULSO_CLOUDSQL_INSTANCE": "my-project-123456:us-central1:pulso", "PULSO_DB_NAME": "pulso",
				"PULSO_DB_USER": "pulso-" + route, "PULSO_DB_POOL": map[string]string{"api1": "10", "api2": "4"}[route],
				"PULSO_INGEST_TOKEN_FILE": "/secrets/token",
			})
			equal(broken, route+"'s token", service.at("template", 0, "volumes", 0, "secret", 0, "secret"), "pulso-ingest-token")
			equal(broken, route+"'s token's file", service.at("template", 0, "volumes", 0, "secret", 0, "items", 0, "path"), "token")
			equal(broken, route+"'s token's version", service.at("template", 0, "volumes", 0, "secret", 0, "items", 0, "version"),
				s.the(`google_secret_manager_secret_version.token["ingest"]`).at("version"))
			equal(broken, route+"'s mount", service.at("template", 0, "containers", 0, "volume_mounts", 0, "mount_path"), "/secrets")
		}
	}},

	{"50/50 on cloud run", func(s state, c choice, broken func(string, ...any)) {
		maps_ := s.of("google_compute_url_map")
		if c.ingest == "gke" {
			if len(maps_)+len(s.of("google_compute_backend_service")) > 0 {
				broken("there is a load balancer for Cloud Run, and nothing behind it")
			}
			return
		}
		matcher := s.the("google_compute_url_map.run[0]")
		weights := map[string]any{}
		for _, backend := range matcher.list("path_matcher", 0, "path_rule", 0, "route_action", 0, "weighted_backend_services") {
			weights[filepath.Base(backend.text("backend_service"))] = backend.at("weight")
		}
		equal(broken, "the weights", weights, map[string]any{"pulso-api1": 50.0, "pulso-api2": 50.0})
		equal(broken, "the host", matcher.at("host_rule", 0, "hosts"), []any{"pulso-run.endpoints.my-project-123456.cloud.goog"})
		paths, _ := matcher.at("path_matcher", 0, "path_rule", 0, "paths").([]any)
		equal(broken, "the paths", paths, []any{"/", "/api", "/api/*"})
		for _, where := range [][]any{{"default_route_action"}, {"path_matcher", 0, "default_route_action"}} {
			abort := append(where, 0, "fault_injection_policy", 0, "abort", 0)
			equal(broken, fmt.Sprint("what ", where, " answers"), []any{matcher.at(append(abort, "http_status")...), matcher.at(append(abort, "percentage")...)}, []any{404.0, 100.0})
		}
		for _, backend := range s.of("google_compute_backend_service") {
			equal(broken, backend.Address+"'s scheme", backend.at("load_balancing_scheme"), "EXTERNAL_MANAGED")
			equal(broken, backend.Address+"'s affinity", backend.at("session_affinity"), "NONE")
		}
	}},

	{"names", func(s state, c choice, broken func(string, ...any)) {
		for entry, name := range map[string]string{"gateway": "pulso", "run": "pulso-run"} {
			wanted := entry == "gateway" && c.ingest != "cloud_run" || entry == "run" && c.ingest != "gke"
			host := name + ".endpoints.my-project-123456.cloud.goog"
			address := s.the(fmt.Sprintf("google_compute_global_address.entry[%q]", entry))
			service := s.the(fmt.Sprintf("google_endpoints_service.entry[%q]", entry))
			if !wanted {
				equal(broken, "the address of "+host, address.at("name"), nil)
				continue
			}
			equal(broken, "the name of "+entry, service.at("service_name"), host)
			if !strings.Contains(service.text("openapi_config"), fmt.Sprintf("%q: %q", "target", address.text("address"))) {
				broken("%s does not lead to %s: %s", host, address.text("address"), service.text("openapi_config"))
			}
			certificate := s.the(fmt.Sprintf("google_compute_managed_ssl_certificate.entry[%q]", entry))
			equal(broken, "the certificate of "+host, []any{certificate.at("name"), certificate.at("managed", 0, "domains")}, []any{name, []any{host}})
		}
	}},

	{"secrets", func(s state, _ choice, broken func(string, ...any)) {
		for _, name := range []string{"ingest", "socket"} {
			version := s.the(fmt.Sprintf("google_secret_manager_secret_version.token[%q]", name))
			equal(broken, "the secret of "+version.Address, version.at("secret"), "projects/my-project-123456/secrets/pulso-"+name+"-token")
			for _, argument := range []string{"secret_data", "secret_data_wo"} {
				equal(broken, version.Address+"'s "+argument+" in the state", version.at(argument), nil)
			}
			equal(broken, "what becomes of an old "+version.Address, version.at("deletion_policy"), "DISABLE")
		}
	}},

	// What the state cannot show, because it is never in it, or is about what comes later.
	{"source", func(s state, _ choice, broken func(string, ...any)) {
		for _, said := range []struct{ file, pattern string }{
			{"secrets.tf", `(?m)^ secret_data_wo = uuid\(\)$`}, // of chance, and not a word that everybody can read here
			{"secrets.tf", `(?m)^ create_before_destroy = true$`},
			{"frontend.tf", `ignore_changes = \[template\[0\]\.containers\[0\]\.image, template\[0\]\.labels, client, client_version\]`},
			{"functions.tf", `ignore_changes = \[template\[0\]\.containers\[0\]\.image, template\[0\]\.labels, client, client_version\]`},
			{"database.tf", `ignore_changes = \[settings\[0\]\.disk_size\]`},
			{"versions.tf", `required_version = ">= 1\.11"`}, // write-only arguments
			{"versions.tf", `version = "~> 6\.50"`},
			{"versions.tf", `user_project_override = true`},
		} {
			if !regexp.MustCompile(said.pattern).MatchString(s.source[said.file]) {
				broken("%s does not say %s", said.file, said.pattern)
			}
		}
	}},

	{"what is kept", func(s state, _ choice, broken func(string, ...any)) {
		source := s.the("google_storage_bucket.source")
		equal(broken, "the source bucket's end", source.at("force_destroy"), true)
		equal(broken, "how long sources are kept", source.at("lifecycle_rule", 0, "condition", 0, "age"), 30.0)
		var policies []any
		for _, p := range s.the("google_artifact_registry_repository.pulso").list("cleanup_policies") {
			policies = append(policies, p.text("action")+p.text("condition", 0, "older_than"), p.at("most_recent_versions", 0, "keep_count"))
		}
		if !slices.Contains(policies, any("DELETE30d")) || !slices.Contains(policies, any(10.0)) {
			broken("images are kept by %v", policies)
		}
		for _, api := range s.of("google_project_service") {
			equal(broken, "whether "+api.Address+" is turned off with the rest", api.at("disable_on_destroy"), false)
		}
	}},
}

// settings are the environment variables of a service on Cloud Run.
func settings(service resource) map[string]string {
	found := map[string]string{}
	for _, env := range service.list("template", 0, "containers", 0, "env") {
		found[env.text("name")] = env.text("value")
	}
	return found
}

// granted is who may do what on what, in short: members are names of service accounts where they are ours.
func granted(s state) map[string][]string {
	found := map[string][]string{}
	for _, r := range s.resources {
		if !strings.HasSuffix(r.Type, "_iam_member") {
			if strings.Contains(r.Type, "_iam_") && r.Type != "google_project_iam_custom_role" {
				found["others"] = append(found["others"], r.Address)
			}
			continue
		}
		on := ""
		for _, argument := range []string{"project", "repository", "bucket", "secret_id", "service_account_id", "name"} {
			if v := r.text(argument); v != "" && (argument != "project" || r.Type == "google_project_iam_member") {
				on = strings.TrimSuffix(filepath.Base(v), "@my-project-123456.iam.gserviceaccount.com")
				break
			}
		}
		member := strings.TrimSuffix(strings.TrimPrefix(r.text("member"), "serviceAccount:"), "@my-project-123456.iam.gserviceaccount.com")
		found[member] = append(found[member], strings.TrimPrefix(filepath.Base(r.text("role")), "roles/")+" on "+on)
	}
	for member := range found {
		slices.Sort(found[member])
	}
	return found
}

// wantedRoles is all that anybody may do.
func wantedRoles(c choice) map[string][]string {
	want := map[string][]string{
		"pulso-vm":       {"artifactregistry.reader on pulso", "logging.logWriter on my-project-123456"},
		"pulso-nodes":    {"artifactregistry.reader on pulso", "container.defaultNodeServiceAccount on my-project-123456"},
		"pulso-api1":     {"cloudsql.client on my-project-123456", "cloudsql.instanceUser on my-project-123456", "secretmanager.secretAccessor on pulso-ingest-token"},
		"pulso-api2":     {"cloudsql.client on my-project-123456", "cloudsql.instanceUser on my-project-123456", "secretmanager.secretAccessor on pulso-ingest-token"},
		"pulso-socket":   {"cloudsql.client on my-project-123456", "cloudsql.instanceUser on my-project-123456", "secretmanager.secretAccessor on pulso-socket-token"},
		"pulso-migrator": {"cloudsql.client on my-project-123456", "cloudsql.instanceUser on my-project-123456"},
		"pulso-build": {
			"artifactregistry.writer on pulso", "container.developer on my-project-123456", "iam.serviceAccountUser on pulso-frontend",
			"logging.logWriter on my-project-123456", "pulsoBuild on my-project-123456", "run.developer on pulso-frontend",
			"storage.objectViewer on my-project-123456-pulso-source",
		},
		"allUsers": {"run.invoker on pulso-frontend"},
	}
	pods := []string{"socket", "migrator"}
	if c.ingest != "cloud_run" {
		pods = append(pods, "api1", "api2")
	}
	for _, pod := range pods {
		want["my-project-123456.svc.id.goog[so1-fase2/"+pod+"]"] = []string{"iam.workloadIdentityUser on pulso-" + pod}
	}
	if c.ingest != "gke" {
		for _, route := range []string{"pulso-api1", "pulso-api2"} {
			want["pulso-build"] = append(want["pulso-build"], "iam.serviceAccountUser on "+route, "run.developer on "+route)
			want["allUsers"] = append(want["allUsers"], "run.invoker on "+route)
		}
		slices.Sort(want["pulso-build"])
		slices.Sort(want["allUsers"])
	}
	return want
}

// projectEnv is gke/project.env.
func projectEnv() map[string]string {
	content, err := os.ReadFile(filepath.Join(root, "gke/project.env"))
	if err != nil {
		return map[string]string{"": err.Error()}
	}
	values := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			values[name] = value
		}
	}
	return values
}

// broken are the rules that a state breaks, each with how.
func broken(s state, c choice) map[string][]string {
	found := map[string][]string{}
	for _, r := range rules {
		r.check(s, c, func(format string, arguments ...any) {
			found[r.name] = append(found[r.name], fmt.Sprintf(format, arguments...))
		})
	}
	return found
}

var choices = []choice{
	{preset: "standard", ingest: "gke"},
	{preset: "standard", ingest: "cloud_run"},
	{preset: "standard", ingest: "both"},
	{preset: "standard", ingest: "gke", standard: true},
	{preset: "small", ingest: "gke"},
	{preset: "small", ingest: "cloud_run"},
}

func (c choice) String() string {
	kind := "autopilot"
	if c.standard {
		kind = "standard nodes"
	}
	return strings.Join([]string{c.preset, c.ingest, kind}, ", ")
}

func (c choice) settings() []string {
	return []string{"preset=" + c.preset, "ingest=" + c.ingest, fmt.Sprintf("autopilot=%t", !c.standard)}
}

// TestEveryChoiceKeepsTheRules applies each choice, twice, for the second time must change nothing, and takes it down.
func TestEveryChoiceKeepsTheRules(t *testing.T) {
	for _, c := range choices {
		c.generators = []string{"203.0.113.7/32"}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			w, s := applied(t, nil, c.settings()...)
			for name, how := range broken(s, c) {
				t.Errorf("%s: %s", name, strings.Join(how, "\n\t"))
			}
			if out, err := w.run(t, "plan", append(variables(c.settings()...), "-detailed-exitcode")...); err != nil {
				t.Errorf("a second apply would change something: %v\n%s", err, out)
			}
			down := append(variables(append(c.settings(), "deletion_protection=false")...), "-auto-approve")
			if c.preset == "standard" {
				if _, err := w.run(t, "destroy", down...); err == nil {
					t.Error("it was destroyed in spite of its protection")
				}
				w.must(t, "apply", down...)
			}
			w.must(t, "destroy", down...)
			if left := w.state(t).resources; len(left) > 0 {
				t.Errorf("after destroy there are still %v", left)
			}
		})
	}
}

// TestOutputsAreTheNextCommands looks at what a person is told to type.
func TestOutputsAreTheNextCommands(t *testing.T) {
	t.Parallel()
	_, s := applied(t, nil)
	submit := "gcloud builds submit --project=my-project-123456 --region=us-central1 --gcs-source-staging-dir=gs://my-project-123456-pulso-source/source --substitutions=\"_VERSION=$(git describe --tags --always --dirty || echo unknown)\""
	equal(t.Errorf, "build", s.outputs["build"], submit)
	project := "--project=my-project-123456"
	equal(t.Errorf, "kubectl", s.outputs["kubectl"], "gcloud container clusters get-credentials pulso "+project+" --location=us-central1 --dns-endpoint")
	equal(t.Errorf, "phase_1", s.outputs["phase_1"], fmt.Sprintf("bin/locust -f locust/trafico_entrada.py --host http://%v:8080 -u 300 -r 1 -t 3m --headless", s.the("google_compute_address.vm").at("address")))
	equal(t.Errorf, "phase_2", s.outputs["phase_2"], "PULSO_INGEST_TOKEN=$(gcloud secrets versions access latest "+project+" --secret=pulso-ingest-token) "+
		"bin/locust -f locust/trafico_salida.py --host https://pulso.endpoints.my-project-123456.cloud.goog -u 150 -r 10 --headless")
	equal(t.Errorf, "dashboard_token", s.outputs["dashboard_token"], "gcloud secrets versions access latest "+project+" --secret=pulso-socket-token; echo")
	equal(t.Errorf, "entries", s.outputs["entries"], map[string]any{
		"pulso.endpoints.my-project-123456.cloud.goog": s.the(`google_compute_global_address.entry["gateway"]`).at("address"),
	})
	for _, output := range slices.Sorted(maps.Keys(s.outputs)) {
		value, err := json.Marshal(s.outputs[output])
		if err != nil || len(value) < 8 || strings.Contains(string(value), "null") {
			t.Errorf("output %s: %s, %v", output, value, err)
		}
	}
}
