package main

import (
	"fmt"
	"hash/crc32"
	"math/big"
	"os"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// computed is what Google would answer: by type and attribute, by block and attribute, or by attribute alone. $NAME is another attribute of the
// resource, $type is its type, $octet and $digits are made of all of it. Anything else is "", 0, false or empty, as the provider has it
// for what the API leaves out.
var computed = map[string]string{ //nolint:gosec // names of secrets, and no secrets
	"creation_timestamp": "2026-01-01T00:00:00.000-00:00",
	"create_time":        "2026-01-01T00:00:00.000000Z",
	"etag":               "BwYAAAAAAAA=",
	"id":                 "$type/$digits",
	"fingerprint":        "AAAAAAAAAAA=",
	"location":           "$region",
	"nat_ip":             "203.0.113.$octet",
	"network_ip":         "10.10.0.$octet",
	"number":             "123456789012",
	"self_link":          "https://www.googleapis.com/compute/v1/$id",
	"unique_id":          "1$digits",

	"dns_endpoint_config.endpoint": "gke-$digits.$location.gke.goog",
	"ip_address.ip_address":        "10.20.0.3",

	"google_artifact_registry_repository.id":                "projects/$project/locations/$location/repositories/$repository_id",
	"google_artifact_registry_repository.name":              "$repository_id",
	"google_billing_budget.id":                              "$name",
	"google_billing_budget.name":                            "billingAccounts/$billing_account/budgets/$digits",
	"google_cloud_run_v2_service.id":                        "projects/$project/locations/$location/services/$name",
	"google_cloud_run_v2_service.uri":                       "https://$name-$number.$location.run.app",
	"google_compute_address.address":                        "203.0.113.$octet",
	"google_compute_address.id":                             "projects/$project/regions/$region/addresses/$name",
	"google_compute_backend_service.id":                     "projects/$project/global/backendServices/$name",
	"google_compute_firewall.id":                            "projects/$project/global/firewalls/$name",
	"google_compute_global_address.address":                 "203.0.113.$octet",
	"google_compute_global_address.id":                      "projects/$project/global/addresses/$name",
	"google_compute_global_forwarding_rule.id":              "projects/$project/global/forwardingRules/$name",
	"google_compute_instance.id":                            "projects/$project/zones/$zone/instances/$name",
	"google_compute_instance.instance_id":                   "$digits",
	"google_compute_managed_ssl_certificate.id":             "projects/$project/global/sslCertificates/$name",
	"google_compute_network.id":                             "projects/$project/global/networks/$name",
	"google_compute_region_network_endpoint_group.id":       "projects/$project/regions/$region/networkEndpointGroups/$name",
	"google_compute_subnetwork.id":                          "projects/$project/regions/$region/subnetworks/$name",
	"google_compute_target_https_proxy.id":                  "projects/$project/global/targetHttpsProxies/$name",
	"google_compute_url_map.id":                             "projects/$project/global/urlMaps/$name",
	"google_container_cluster.endpoint":                     "203.0.113.$octet",
	"google_container_cluster.id":                           "projects/$project/locations/$location/clusters/$name",
	"google_container_node_pool.id":                         "projects/$project/locations/$location/clusters/$cluster/nodePools/$name",
	"google_endpoints_service.dns_address":                  "$service_name",
	"google_endpoints_service.id":                           "$service_name",
	"google_monitoring_alert_policy.id":                     "$name",
	"google_monitoring_alert_policy.name":                   "projects/$project/alertPolicies/$digits",
	"google_monitoring_notification_channel.id":             "$name",
	"google_monitoring_notification_channel.name":           "projects/$project/notificationChannels/$digits",
	"google_monitoring_uptime_check_config.id":              "$name",
	"google_monitoring_uptime_check_config.name":            "projects/$project/uptimeCheckConfigs/$uptime_check_id",
	"google_monitoring_uptime_check_config.uptime_check_id": "uptime-$digits",
	"google_project.id":                                     "projects/$project_id",
	"google_project.project_id":                             "$project",
	"google_project_iam_custom_role.id":                     "projects/$project/roles/$role_id",
	"google_project_iam_custom_role.name":                   "projects/$project/roles/$role_id",
	"google_project_service.id":                             "$project/$service",
	"google_secret_manager_secret.id":                       "projects/$project/secrets/$secret_id",
	"google_secret_manager_secret.name":                     "projects/$number/secrets/$secret_id",
	"google_secret_manager_secret_version.id":               "$name",
	"google_secret_manager_secret_version.name":             "$secret/versions/1",
	"google_secret_manager_secret_version.version":          "1",
	"google_service_account.email":                          "$account_id@$project.iam.gserviceaccount.com",
	"google_service_account.id":                             "$name",
	"google_service_account.member":                         "serviceAccount:$email",
	"google_service_account.name":                           "projects/$project/serviceAccounts/$email",
	"google_service_networking_connection.id":               "$network:$service",
	"google_service_networking_connection.peering":          "servicenetworking-googleapis-com",
	"google_sql_database.id":                                "projects/$project/instances/$instance/databases/$name",
	"google_sql_database_instance.connection_name":          "$project:$region:$name",
	"google_sql_database_instance.id":                       "$name",
	"google_sql_database_instance.private_ip_address":       "10.20.0.3",
	"google_sql_user.id":                                    "$name/$host/$instance",
	"google_storage_bucket.id":                              "$name",
	"google_storage_bucket.self_link":                       "https://www.googleapis.com/storage/v1/b/$name",
	"google_storage_bucket.url":                             "gs://$name",
}

// finished is the state after apply: nothing is unknown any more.
func (p *provider) finished(typeName string, planned tftypes.Value) (*tfprotov5.DynamicValue, error) {
	values, err := attributes(planned)
	if err != nil {
		return nil, err
	}
	g := google{typeName: typeName, attributes: values, defaults: p.defaults}
	v, err := tftypes.Transform(planned, func(path *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		of, name := typeName, ""
		for _, step := range path.Steps() {
			if attribute, ok := step.(tftypes.AttributeName); ok {
				if name != "" {
					of = name
				}
				name = string(attribute)
			}
		}
		return g.answer(of, name, v.Type()), nil
	})
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(planned.Type(), v)
	return &state, err
}

// google makes up what Google would answer about one resource.
type google struct {
	typeName   string
	attributes map[string]tftypes.Value
	defaults   map[string]string
}

// answer is the value of an attribute of the resource, or of a block in it, which of names.
func (g google) answer(of, name string, typ tftypes.Type) tftypes.Value {
	switch t := typ.(type) {
	case tftypes.Object:
		values := map[string]tftypes.Value{}
		for inner, typ := range t.AttributeTypes {
			values[inner] = g.answer(name, inner, typ)
		}
		return tftypes.NewValue(t, values)
	case tftypes.List:
		return tftypes.NewValue(t, g.elements(name, t.ElementType))
	case tftypes.Set:
		return tftypes.NewValue(t, g.elements(name, t.ElementType))
	case tftypes.Map:
		return tftypes.NewValue(t, map[string]tftypes.Value{})
	}
	switch {
	case typ.Is(tftypes.Bool):
		return tftypes.NewValue(typ, false)
	case typ.Is(tftypes.Number):
		return tftypes.NewValue(typ, 0)
	default:
		return tftypes.NewValue(typ, g.expand(of, name))
	}
}

// elements are one object, so that [0] finds what it looks for, and no plain value.
func (g google) elements(name string, typ tftypes.Type) []tftypes.Value {
	if !typ.Is(tftypes.Object{}) {
		return []tftypes.Value{}
	}
	return []tftypes.Value{g.answer("", name, typ)}
}

// expand writes an attribute's form out; the attributes in it may have forms of their own.
func (g google) expand(of, name string) string {
	form, ok := computed[of+"."+name]
	switch {
	case name == "address" && text(g.attributes["address_type"]) == "INTERNAL":
		form = "10.10.4.$octet"
	case name == "self_link" && !ok && !strings.HasPrefix(g.typeName, "google_compute_"):
		return ""
	case !ok:
		form = computed[name]
	}
	return os.Expand(form, g.value)
}

func (g google) value(name string) string {
	hash := crc32.ChecksumIEEE([]byte(fmt.Sprint(g.typeName, g.attributes)))
	switch name {
	case "type":
		return g.typeName
	case "octet":
		return strconv.Itoa(int(2 + hash%250))
	case "digits":
		return fmt.Sprintf("%020d", hash)
	}
	if v, ok := g.attributes[name]; ok && v.IsKnown() && !v.IsNull() {
		return text(v)
	}
	if value, ok := g.defaults[name]; ok {
		return value
	}
	return g.expand(g.typeName, name)
}

// foreseen is a value that the provider knows before apply: its own defaults, and a service account's e-mail.
func (g google) foreseen(name string) (string, bool) {
	if g.typeName == "google_service_account" && (name == "email" || name == "member") {
		return g.expand(g.typeName, name), g.attributes["account_id"].IsKnown() && g.attributes["project"].IsKnown()
	}
	value, ok := g.defaults[name]
	return value, ok
}

// text is a string or a number as it is written; "" for anything else.
func text(v tftypes.Value) string {
	var s string
	var n big.Float
	switch {
	case v.Type() == nil || v.IsNull() || !v.IsKnown():
	case v.Type().Is(tftypes.String) && v.As(&s) == nil:
		return s
	case v.Type().Is(tftypes.Number) && v.As(&n) == nil:
		return n.Text('f', -1)
	}
	return ""
}
