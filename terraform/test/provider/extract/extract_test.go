package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/terraform/test/provider/schema"
)

const tarball = "../../../../bin/google-stub/package.tgz" // `make test-cloud` puts it there

// Each line was held against the provider's source, at github.com/hashicorp/terraform-provider-google.
func TestSchema(t *testing.T) {
	expect := map[string]string{
		"google_cloud_run_v2_service.name":                                                                   `attribute "string" required`,
		"google_cloud_run_v2_service.template":                                                               "block list 1..1",
		"google_cloud_run_v2_service.template.annotations":                                                   `attribute ["map","string"] optional`,
		"google_cloud_run_v2_service.template.containers":                                                    "block list 0..",
		"google_cloud_run_v2_service.template.containers.args":                                               `attribute ["list","string"] optional`,
		"google_cloud_run_v2_service.template.containers.image":                                              `attribute "string" required`,
		"google_cloud_run_v2_service.template.containers.ports.name":                                         `attribute "string" optional computed`,
		"google_cloud_run_v2_service.template.containers.resources":                                          "block list 0..1",
		"google_cloud_run_v2_service.template.containers.resources.cpu_idle":                                 `attribute "bool" optional`,
		"google_cloud_run_v2_service.template.containers.resources.limits":                                   `attribute ["map","string"] optional computed`,
		"google_cloud_run_v2_service.timeouts":                                                               "block single",
		"google_cloud_run_v2_service.timeouts.create":                                                        `attribute "string" optional`,
		"google_compute_url_map.host_rule":                                                                   "block set 0..",
		"google_compute_url_map.host_rule.hosts":                                                             `attribute ["set","string"] required`,
		"google_compute_url_map.path_matcher":                                                                "block list 0..",
		"google_compute_url_map.self_link":                                                                   `attribute "string" computed`,
		"google_container_cluster.control_plane_endpoints_config":                                            "block list 0..1",
		"google_container_cluster.control_plane_endpoints_config.dns_endpoint_config.endpoint":               `attribute "string" optional computed`,
		"google_container_cluster.control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic": `attribute "bool" optional`,
		"google_container_cluster.logging_config.enable_components":                                          `attribute ["list","string"] required`,
		"google_container_cluster.maintenance_policy.daily_maintenance_window":                               "block list 0..1",
		"google_container_cluster.maintenance_policy.daily_maintenance_window.duration":                      `attribute "string" computed`,
		"google_container_cluster.maintenance_policy.maintenance_exclusion":                                  "block set 0..", // 20 at most, which the package does not say
		"google_container_cluster.master_auth.client_certificate_config":                                     "block list 1..1",
		"google_container_cluster.master_auth.client_certificate_config.issue_client_certificate":            `attribute "bool" required`,
		"google_container_cluster.node_pool.node_config.effective_taints":                                    `attribute ["list",["object",{"effect":"string","key":"string","value":"string"}]] computed`,
		"google_project_iam_custom_role.deleted":                                                             `attribute "bool" computed`,
		"google_project_iam_custom_role.name":                                                                `attribute "string" computed`,
		"google_project_iam_custom_role.permissions":                                                         `attribute ["set","string"] required`,
		"google_project_iam_custom_role.project":                                                             `attribute "string" optional computed`,
		"google_project_iam_custom_role.stage":                                                               `attribute "string" optional`,
		"google_secret_manager_secret_version.enabled":                                                       `attribute "bool" optional`,
		"google_secret_manager_secret_version.secret":                                                        `attribute "string" required`,
		"google_secret_manager_secret_version.secret_data":                                                   `attribute "string" optional`,
		"google_secret_manager_secret_version.secret_data_wo":                                                `attribute "string" optional write-only`,
		"google_secret_manager_secret_version.secret_data_wo_version":                                        `attribute "number" optional`,
		"google_secret_manager_secret_version.version":                                                       `attribute "string" computed`,
		"google_sql_database_instance.ip_address":                                                            `attribute ["list",["object",{"ip_address":"string","time_to_retire":"string","type":"string"}]] computed`,
		"google_sql_database_instance.region":                                                                `attribute "string" optional computed`,
		"google_sql_database_instance.settings":                                                              "block list 0..1",
		"google_sql_database_instance.settings.availability_type":                                            `attribute "string" optional`,
		"google_sql_database_instance.settings.backup_configuration.transaction_log_retention_days":          `attribute "number" optional computed`,
		"google_sql_database_instance.settings.database_flags":                                               "block set 0..",
		"google_sql_database_instance.settings.disk_size":                                                    `attribute "number" optional computed`,
		"google_sql_database_instance.settings.tier":                                                         `attribute "string" required`,
		"google_sql_database_instance.settings.version":                                                      `attribute "number" computed`,
		"data google_project.number":                                                                         `attribute "string" computed`,
		"data google_project.project_id":                                                                     `attribute "string" optional`,
		"provider.default_labels":                                                                            `attribute ["map","string"] optional`,
		"provider.user_project_override":                                                                     `attribute "bool" optional`,
		"provider.scopes":                                                                                    `attribute ["list","string"] optional`,
		"provider.batching":                                                                                  "block list 0..",
		"provider.batching.enable_batching":                                                                  `attribute "bool" optional`,
	}
	wanted := map[string]bool{}
	for path := range expect {
		if name, _, _ := strings.Cut(path, "."); name != "provider" {
			wanted[name] = true
		}
	}
	var types []wantedType
	for name := range wanted {
		short, data := strings.CutPrefix(name, "data ")
		types = append(types, wantedType{data: data, name: short})
	}
	provider := extracted(t, types)
	for path, want := range expect {
		if got := describe(provider, path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if _, ok := provider.Provider.Block.Attributes["alias"]; ok {
		t.Error("the provider block has alias, which is Terraform's own")
	}
}

// The whole package is understood, and comes to as many attributes and blocks as the provider's own schema has.
func TestEveryType(t *testing.T) {
	types := everyType(t)
	provider := extracted(t, types)
	var attributes, blocks int
	var count func(schema.Block)
	count = func(b schema.Block) {
		attributes += len(b.Attributes)
		blocks += len(b.Blocks)
		for _, n := range b.Blocks {
			count(n.Block)
		}
	}
	for _, of := range []map[string]schema.Schema{provider.Resources, provider.DataSources} {
		for _, s := range of {
			count(s.Block)
		}
	}
	if len(types) != 1469 || attributes != 26940 || blocks != 5232 {
		t.Errorf("%d types, %d attributes, %d blocks, want 1469, 26940 and 5232", len(types), attributes, blocks)
	}
}

func TestUnknownType(t *testing.T) {
	types := []wantedType{{name: "google_compute_nowhere"}}
	texts, err := read(tarball, types)
	if err != nil {
		t.Fatalf("%v: run this through make test-cloud", err)
	}
	if _, err := extract(texts, types); err == nil || !strings.Contains(err.Error(), "google_compute_nowhere") {
		t.Errorf("error %v, want one that names google_compute_nowhere", err)
	}
}

// What the generator might write some day is no reason to leave a field out.
func TestNotUnderstood(t *testing.T) {
	const top = `export class A extends cdktf.TerraformResource {
  public static readonly tfResourceType = "google_a";
`
	const flags = "  // a - computed: false, optional: true, required: false\n"
	for name, text := range map[string]string{
		"a class of another shape":  "export class A {\n",
		"flags of another shape":    top + "  // a - computed: false, optional: maybe, required: false\n",
		"a getter of another type":  top + flags + "    return this.getAnyMapAttribute('a');\n",
		"a getter of another shape": top + flags + "    return this.getStringAttribute('a', 0);\n",
		"a converted getter":        top + flags + "    return cdktf.Token.asNumber(this.x);\n",
		"another name":              top + flags + "    return this.getStringAttribute('b');\n",
		"no flags":                  top + "    return this.getStringAttribute('a');\n",
		"no type":                   top + flags + flags,
		"no type at the end":        top + flags,
		"no class":                  flags,
		"an object of another kind": top + flags + "  private _a = new AB(this, \"a\", 1, 2);\n",
		"twice":                     top + top,
		"no such block":             top + flags + "  private _a = new AB(this, \"a\", false);\n",
		"no list of objects": top + strings.Replace(flags, "computed: false, optional: true", "computed: true, optional: false", 1) +
			"  private _a = new AOutputReference(this, \"a\");\nexport class AOutputReference extends cdktf.ComplexObject {\n",
		"no class for the type": strings.Replace(top, "google_a", "google_b", 1),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := parse(text)
			if err == nil {
				_, err = s.schemaOf("TerraformResource", "google_a")
			}
			if err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestWanted(t *testing.T) {
	types, err := readWanted(strings.NewReader("resource google_compute_url_map\ndata google_project\n"))
	if err != nil || len(types) != 2 || types[0].folder() != "compute-url-map" || types[1].folder() != "data-google-project" {
		t.Errorf("%+v, %v", types, err)
	}
	if _, err := readWanted(strings.NewReader("resource aws_instance\n")); err == nil {
		t.Error("another provider's type is no error")
	}
}

func extracted(t *testing.T, types []wantedType) schema.Provider {
	t.Helper()
	texts, err := read(tarball, types)
	if err != nil {
		t.Fatalf("%v: run this through make test-cloud", err)
	}
	provider, err := extract(texts, types)
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

// everyType reads from the package which types there are: each has a folder.
func everyType(t *testing.T) (types []wantedType) {
	t.Helper()
	f, err := os.Open(tarball)
	if err != nil {
		t.Fatalf("%v: run this through make test-cloud", err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return types
		}
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(header.Name, "/")
		if len(parts) != 4 || parts[1] != "lib" || parts[3] != "index.js" || parts[2] == providerFolder {
			continue
		}
		name, data := strings.CutPrefix(parts[2], "data-google-")
		types = append(types, wantedType{data: data, name: "google_" + strings.ReplaceAll(name, "-", "_")})
	}
}

// describe says what a path leads to: provider.…, TYPE.… or data TYPE.….
func describe(p schema.Provider, path string) string {
	names := strings.Split(path, ".")
	of, name := p.Resources, names[0]
	if short, ok := strings.CutPrefix(name, "data "); ok {
		of, name = p.DataSources, short
	}
	block := of[name].Block
	if name == "provider" {
		block = p.Provider.Block
	}
	text := "missing"
	for _, name := range names[1:] {
		if a, ok := block.Attributes[name]; ok {
			return describeAttribute(a)
		}
		nested, ok := block.Blocks[name]
		if !ok {
			return "missing"
		}
		block = nested.Block
		text = "block " + nested.Nesting
		if nested.Nesting != "single" {
			text += fmt.Sprintf(" %d..", nested.MinItems)
		}
		if nested.MaxItems > 0 {
			text += fmt.Sprint(nested.MaxItems)
		}
	}
	return text
}

func describeAttribute(a schema.Attribute) string {
	text := "attribute " + string(a.Type)
	for _, flag := range []struct {
		name string
		set  bool
	}{{"required", a.Required}, {"optional", a.Optional}, {"computed", a.Computed}, {"write-only", a.WriteOnly}} {
		if flag.set {
			text += " " + flag.name
		}
	}
	return text
}
