//go:build cloud

package cloud

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// api stands for Google's APIs and for the cluster's: what is at a path, or a status where it is something else.
type api struct {
	mu      sync.Mutex
	there   map[string]any
	refused map[string]int // by the path's beginning
	odd     []string       // requests that are not GETs
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Method != http.MethodGet {
		a.odd = append(a.odd, r.Method+" "+r.URL.Path)
	}
	w.Header().Set("Content-Type", "application/json")
	status := http.StatusNotFound
	for beginning, code := range a.refused {
		if strings.HasPrefix(r.URL.Path, beginning) {
			status = code
		}
	}
	if body, ok := a.there[r.URL.Path]; ok && status == http.StatusNotFound {
		_ = json.NewEncoder(w).Encode(body)
		return
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(refusal(r.URL.Path, status))
}

// refusal is how each API says that something is not there, or not for everybody.
func refusal(path string, status int) object {
	missing := status == http.StatusNotFound
	choose := func(yes, no string) string {
		if missing {
			return yes
		}
		return no
	}
	switch {
	case strings.HasPrefix(path, "/kubernetes/"):
		return object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": choose("NotFound", "Forbidden"), "message": choose("not found", "forbidden")}
	case strings.HasPrefix(path, "/compute/"):
		return object{"error": object{"code": status, "message": choose("The resource '"+path+"' was not found", "Required 'compute.regions.get' permission for '"+path+"'")}}
	}
	return object{"error": object{"code": status, "status": choose("NOT_FOUND", "PERMISSION_DENIED"), "message": choose(path+" was not found.", "Permission denied on "+path)}}
}

type (
	object = map[string]any
	array  = []any
)

// serve starts it, and has gcloud and kubectl speak to it, with a configuration of their own.
func (a *api) serve(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	credentials := filepath.Join(dir, "credentials.json")
	kubeconfig := filepath.Join(dir, "kubeconfig")
	write := func(path string, content any) {
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(credentials, object{"type": "authorized_user", "client_id": "x", "client_secret": "y", "refresh_token": "z"})
	write(kubeconfig, object{
		"apiVersion": "v1", "kind": "Config", "current-context": "gke_my-project_us-central1_pulso",
		"clusters": array{object{"name": "c", "cluster": object{"server": server.URL + "/kubernetes"}}},
		"users":    array{object{"name": "u", "user": object{}}},
		"contexts": array{object{"name": "gke_my-project_us-central1_pulso", "context": object{"cluster": "c", "user": "u"}}},
	})
	for name, value := range map[string]string{
		"CLOUDSDK_CONFIG": filepath.Join(dir, "gcloud"), "CLOUDSDK_CORE_PROJECT": "my-project", "CLOUDSDK_CORE_ACCOUNT": "me@example.com",
		"CLOUDSDK_AUTH_ACCESS_TOKEN": "geheim", "CLOUDSDK_AUTH_TOKEN_HOST": server.URL + "/token", "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
		"GOOGLE_APPLICATION_CREDENTIALS": credentials, "KUBECONFIG": kubeconfig, "HOME": dir, "HTTPS_PROXY": "", "HTTP_PROXY": "",
	} {
		t.Setenv(name, value)
	}
	for _, name := range []string{"cloudresourcemanager", "cloudbilling", "serviceusage", "container", "sql", "secretmanager", "artifactregistry", "run"} {
		t.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_"+strings.ToUpper(name), server.URL+"/"+name+"/")
	}
	t.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", server.URL+"/compute/v1/")
}

// healthy is what Google's APIs and the cluster's answer for a project in which everything is well: of each answer what
// the programs need, and what is looked at.
func healthy() map[string]any {
	const (
		project    = "/compute/v1/projects/my-project"
		repository = "projects/my-project/locations/us-central1/repositories/pulso"
		namespaced = "/namespaces/so1-fase2/"
	)
	self := func(path string) string { return "https://www.googleapis.com/compute/v1/projects/my-project/" + path }
	there := map[string]any{
		"/token": object{"access_token": "geheim", "expires_in": 3600, "token_type": "Bearer"},

		"/cloudresourcemanager/v1/projects/my-project":                           object{"projectId": "my-project", "lifecycleState": "ACTIVE"},
		"/cloudbilling/v1/projects/my-project/billingInfo":                       object{"projectId": "my-project", "billingEnabled": true},
		"/serviceusage/v1/projects/my-project/services":                          object{"services": servicesOf(settings().APIs)},
		"/container/v1/projects/my-project/locations/us-central1/clusters/pulso": object{"name": "pulso", "location": "us-central1", "status": "RUNNING"},

		project: object{"kind": "compute#project", "name": "my-project", "quotas": array{quotaOf("CPUS_ALL_REGIONS", 32, 6)}},
		project + "/regions/us-central1": object{"kind": "compute#region", "name": "us-central1", "status": "UP", "selfLink": self("regions/us-central1"), "quotas": array{
			quotaOf("CPUS", 24, 6), quotaOf("SSD_TOTAL_GB", 500, 220), quotaOf("IN_USE_ADDRESSES", 8, 1), quotaOf("STATIC_ADDRESSES", 8, 1),
		}},
		project + "/zones/us-central1-b/instances/pulso-vm": object{
			"kind": "compute#instance", "name": "pulso-vm", "status": "RUNNING", "zone": self("zones/us-central1-b"), "selfLink": self("zones/us-central1-b/instances/pulso-vm"),
			"networkInterfaces": array{object{"networkIP": "10.10.0.2", "accessConfigs": array{object{"type": "ONE_TO_ONE_NAT", "natIP": "203.0.113.9"}}}},
		},
		project + "/global/addresses/pulso-gateway": object{
			"kind": "compute#address", "name": "pulso-gateway", "address": "203.0.113.20", "status": "IN_USE", "selfLink": self("global/addresses/pulso-gateway"),
		},
		project + "/regions/us-central1/addresses/pulso-socket": object{
			"kind": "compute#address", "name": "pulso-socket", "address": "10.10.4.5", "status": "IN_USE", "addressType": "INTERNAL", "selfLink": self("regions/us-central1/addresses/pulso-socket"),
		},
		project + "/global/sslCertificates/pulso": object{"kind": "compute#sslCertificate", "name": "pulso", "type": "MANAGED", "managed": object{
			"status": "ACTIVE", "domains": array{"pulso.endpoints.my-project.cloud.goog"}, "domainStatus": object{"pulso.endpoints.my-project.cloud.goog": "ACTIVE"},
		}},

		"/sql/sql/v1beta4/projects/my-project/instances/pulso": object{"kind": "sql#instance", "name": "pulso", "state": "RUNNABLE", "settings": object{
			"activationPolicy": "ALWAYS",
			"databaseFlags":    array{object{"name": "cloudsql_iam_authentication", "value": "on"}, object{"name": "max_connections", "value": "500"}},
		}},
		"/sql/sql/v1beta4/projects/my-project/instances/pulso/users": object{"kind": "sql#usersList", "items": array{
			object{"kind": "sql#user", "name": "root", "host": "%", "instance": "pulso", "type": "BUILT_IN"},
			userOf("pulso-api1"), userOf("pulso-api2"), userOf("pulso-socket"), userOf("pulso-migrator", "cloudsqlsuperuser"),
		}},
		"/run/v1/projects/my-project/locations/-/services": object{"kind": "ServiceList", "apiVersion": "serving.knative.dev/v1", "items": array{object{
			"kind": "Service", "apiVersion": "serving.knative.dev/v1",
			"metadata": object{"name": "pulso-frontend", "namespace": "1234", "labels": object{"cloud.googleapis.com/location": "us-central1"}},
			"spec":     object{"template": object{"spec": object{"containers": array{object{"image": "us-central1-docker.pkg.dev/my-project/pulso/frontend@sha256:00"}}}}},
			"status":   object{"url": "https://pulso-frontend-x.a.run.app", "conditions": array{object{"type": "Ready", "status": "True"}}},
		}}},

		"/artifactregistry/v1/" + repository:                   object{"name": repository, "format": "DOCKER", "mode": "STANDARD_REPOSITORY"},
		"/artifactregistry/v1/" + repository + "/dockerImages": object{"dockerImages": imagesOf(repository)},

		"/kubernetes/api":  object{"kind": "APIVersions", "versions": array{"v1"}},
		"/kubernetes/apis": object{"kind": "APIGroupList", "apiVersion": "v1", "groups": array{groupOf("apps"), groupOf("batch"), groupOf("gateway.networking.k8s.io")}},
		"/kubernetes/api/v1": resourcesOf("v1", resourceOf("namespaces", "namespace", "Namespace", false),
			resourceOf("pods", "pod", "Pod", true), resourceOf("services", "service", "Service", true)),
		"/kubernetes/apis/apps/v1":                      resourcesOf("apps/v1", resourceOf("deployments", "deployment", "Deployment", true)),
		"/kubernetes/apis/batch/v1":                     resourcesOf("batch/v1", resourceOf("jobs", "job", "Job", true)),
		"/kubernetes/apis/gateway.networking.k8s.io/v1": resourcesOf("gateway.networking.k8s.io/v1", resourceOf("gateways", "gateway", "Gateway", true)),

		"/kubernetes/api/v1/namespaces/so1-fase2": object{"kind": "Namespace", "apiVersion": "v1", "metadata": object{"name": "so1-fase2"}},
		"/kubernetes/apis/batch/v1" + namespaced + "jobs": object{"kind": "JobList", "apiVersion": "batch/v1", "metadata": object{}, "items": array{
			object{"metadata": object{"name": "migrator-b2", "creationTimestamp": "2026-02-02T10:00:00Z"}, "status": object{"succeeded": 1, "conditions": array{object{"type": "Complete", "status": "True"}}}},
			object{"metadata": object{"name": "migrator-b1", "creationTimestamp": "2026-02-01T10:00:00Z"}, "status": object{"failed": 7, "conditions": array{object{"type": "Failed", "status": "True"}}}},
		}},
		"/kubernetes/apis/gateway.networking.k8s.io/v1" + namespaced + "gateways/pulso": object{
			"kind": "Gateway", "apiVersion": "gateway.networking.k8s.io/v1", "metadata": object{"name": "pulso", "namespace": "so1-fase2"},
			"status": object{"addresses": array{object{"type": "IPAddress", "value": "203.0.113.20"}}},
		},
		"/kubernetes/api/v1" + namespaced + "services/socket-internal": object{
			"kind": "Service", "apiVersion": "v1", "metadata": object{"name": "socket-internal", "namespace": "so1-fase2"},
			"status": object{"loadBalancer": object{"ingress": array{object{"ip": "10.10.4.5"}}}},
		},
	}
	for _, name := range []string{"pulso-ingest-token", "pulso-socket-token"} {
		there["/secretmanager/v1/projects/my-project/secrets/"+name+"/versions/latest"] = object{"name": "projects/1234/secrets/" + name + "/versions/3", "state": "ENABLED"}
	}
	for _, name := range []string{"api1", "api2", "socket"} {
		there["/kubernetes/apis/apps/v1"+namespaced+"deployments/"+name] = object{
			"kind": "Deployment", "apiVersion": "apps/v1", "metadata": object{"name": name, "namespace": "so1-fase2"}, "spec": object{"replicas": 2},
			"status": object{"readyReplicas": 2, "conditions": array{object{"type": "Progressing", "status": "True"}, object{"type": "Available", "status": "True"}}},
		}
	}
	return there
}

func servicesOf(names []string) (list array) {
	for _, name := range names {
		list = append(list, object{"name": "projects/1234/services/" + name, "config": object{"name": name}, "state": "ENABLED"})
	}
	return list
}

func quotaOf(metric string, limit, usage float64) object {
	return object{"metric": metric, "limit": limit, "usage": usage}
}

func userOf(name string, roles ...string) object {
	return object{
		"kind": "sql#user", "name": name, "host": "", "instance": "pulso", "type": "CLOUD_IAM_SERVICE_ACCOUNT",
		"iamEmail": name + "@my-project.iam.gserviceaccount.com", "databaseRoles": roles,
	}
}

func imagesOf(repository string) (list array) {
	for _, name := range images {
		digest := "@sha256:" + strings.Repeat("0f", 32)
		list = append(list, object{
			"name": repository + "/dockerImages/" + name + digest, "uri": "us-central1-docker.pkg.dev/my-project/pulso/" + name + digest,
			"tags": array{"b2", "latest"}, "uploadTime": "2026-02-02T10:00:00Z", "updateTime": "2026-02-02T10:00:00Z",
		})
	}
	return list
}

func groupOf(name string) object {
	version := object{"groupVersion": name + "/v1", "version": "v1"}
	return object{"name": name, "versions": array{version}, "preferredVersion": version}
}

func resourceOf(name, singular, kind string, namespaced bool) object {
	return object{"name": name, "singularName": singular, "kind": kind, "namespaced": namespaced, "verbs": array{"get", "list"}}
}

func resourcesOf(version string, resources ...any) object {
	return object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
}
