package build_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// sql stands for Cloud SQL's API: it gives one user one role, and is done with it at the second look.
func (g *google) sql(t *testing.T, status int) (asked *url.URL) {
	asked = &url.URL{}
	base := "/sql/v1beta4/projects/" + project
	g.handle("PUT "+base+"/instances/pulso/users", func(r *http.Request, body []byte) (int, any) {
		*asked = *r.URL
		if got := r.Header.Get("Authorization"); got != "Bearer ya29.test" {
			t.Errorf("it shows %q", got)
		}
		var user struct{ Name, Type string }
		if err := json.Unmarshal(body, &user); err != nil || user.Name != migratorAccount || user.Type != "CLOUD_IAM_SERVICE_ACCOUNT" {
			t.Errorf("%v: %s", err, body)
		}
		if status != http.StatusOK {
			return status, map[string]any{"error": map[string]any{"code": status, "message": "what Cloud SQL says"}}
		}
		return status, map[string]string{"name": "operation-1"}
	})
	looks := 0
	g.handle("GET "+base+"/operations/operation-1", func(*http.Request, []byte) (int, any) {
		looks++
		return http.StatusOK, map[string]string{"kind": "sql#operation", "name": "operation-1", "status": map[bool]string{true: "DONE", false: "RUNNING"}[looks > 1]}
	})
	return asked
}

const migratorAccount = "pulso-migrator@" + project + ".iam.gserviceaccount.com"

func TestMigratorRole(t *testing.T) {
	t.Parallel()
	g := newGoogle(t)
	asked := g.sql(t, http.StatusOK)
	w := newWorkspace(t, g.environment(t))
	seen := w.commandLines(t, "curl")
	if out, err := w.step(t, "migrator-role"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if text := calls(t, seen); !strings.Contains(text, "users?name=") || strings.Contains(text, "ya29") {
		t.Errorf("everybody on the machine sees curl %s", text)
	}
	// Without revokeExistingRoles: what the user has stays, and the request can be repeated.
	if want := (url.Values{"name": {migratorAccount}, "databaseRoles": {"cloudsqlsuperuser"}, "fields": {"name"}}); !reflect.DeepEqual(asked.Query(), want) {
		t.Errorf("asked for %v", asked.Query())
	}
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict} {
		g := newGoogle(t)
		g.sql(t, status)
		w.environment = g.environment(t)
		w.refused(t, "migrator-role", nil, "what Cloud SQL says", fmt.Sprint(status, ": "), "terraform apply", "_SQL_INSTANCE")
	}
	// Nobody answers.
	g.Close()
	w.environment = g.environment(t)
	w.refused(t, "migrator-role", nil, "did not answer", "submit again")
}

// commandLines writes down how a program is called, in the file calls of the folder that it returns.
func (w *workspace) commandLines(t *testing.T, program string) (seen string) {
	t.Helper()
	seen = t.TempDir()
	real, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(seen, program)
	writeFile(t, file, "#!/bin/bash\necho \"$*\" >>"+seen+"/calls\nexec "+real+" \"$@\"\n")
	if err := os.Chmod(file, 0o755); err != nil {
		t.Fatal(err)
	}
	w.environment = append(w.environment, "PATH="+seen+":"+os.Getenv("PATH"))
	return seen
}

// The API's own description knows the parameters that the step sends: gcloud sends them too, in versions that are newer than
// what a machine may have.
func TestTheRequestForTheRoleIsTheAPIs(t *testing.T) {
	var api struct {
		Resources map[string]struct {
			Methods map[string]struct {
				Path, HTTPMethod string
				Parameters       map[string]struct{ Repeated bool }
			}
		}
		Parameters map[string]any
	}
	if err := describe("sqladmin/v1beta4/sqladmin-api.json", &api); err != nil {
		t.Fatal(err)
	}
	update := api.Resources["users"].Methods["update"]
	if update.HTTPMethod != http.MethodPut || update.Path != "sql/v1beta4/projects/{project}/instances/{instance}/users" || !update.Parameters["databaseRoles"].Repeated {
		t.Errorf("%+v", update)
	}
	if _, ok := update.Parameters["name"]; !ok || api.Parameters["fields"] == nil {
		t.Error("the API has no name or fields")
	}
}

// cloudRun stands for Cloud Run's API with services that run a placeholder. It returns what runs by now.
func (g *google) cloudRun(t *testing.T, address string, names ...string) (running map[string]string) {
	running = map[string]string{}
	for _, name := range names {
		running[name] = "us-docker.pkg.dev/cloudrun/container/hello"
		generation := 1
		state := func() map[string]any {
			ready := []map[string]string{{"type": "Ready", "status": "True"}, {"type": "ConfigurationsReady", "status": "True"}, {"type": "RoutesReady", "status": "True"}}
			revision := fmt.Sprintf("%s-%05d", name, generation)
			container := map[string]any{"image": running[name], "env": []map[string]string{{"name": "PULSO_SOCKET_URL", "value": "http://10.10.4.2"}}}
			return map[string]any{
				"apiVersion": "serving.knative.dev/v1", "kind": "Service",
				"metadata": map[string]any{"name": name, "namespace": project, "generation": generation, "resourceVersion": fmt.Sprint(generation), "labels": map[string]string{"cloud.googleapis.com/location": region}},
				"spec":     map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{container}}}, "traffic": []map[string]any{{"latestRevision": true, "percent": 100}}},
				"status": map[string]any{
					"observedGeneration": generation, "conditions": ready, "latestReadyRevisionName": revision, "latestCreatedRevisionName": revision, "url": address,
					"traffic": []map[string]any{{"revisionName": revision, "latestRevision": true, "percent": 100}},
				},
			}
		}
		path := "/apis/serving.knative.dev/v1/namespaces/" + project + "/services/" + name
		g.handle("GET "+path, func(*http.Request, []byte) (int, any) { return http.StatusOK, state() })
		g.handle("PUT "+path, func(r *http.Request, body []byte) (int, any) {
			if r.URL.Host != region+"-run.test" {
				t.Errorf("asked of %s", r.URL.Host)
			}
			var service struct {
				Spec struct {
					Template struct {
						Spec struct {
							Containers []struct {
								Image string
								Env   []any
							}
						}
					}
				}
			}
			if err := json.Unmarshal(body, &service); err != nil || len(service.Spec.Template.Spec.Containers) != 1 {
				t.Errorf("%v: %s", err, body)
				return http.StatusBadRequest, nil
			}
			if container := service.Spec.Template.Spec.Containers[0]; len(container.Env) != 1 {
				t.Errorf("what Terraform configured is gone: %s", body)
			} else {
				running[name] = container.Image
			}
			generation++
			return http.StatusOK, state()
		})
	}
	return running
}

func TestCloudRun(t *testing.T) {
	t.Parallel()
	g := newGoogle(t)
	running := g.cloudRun(t, "https://pulso.run.app", "pulso-frontend", "pulso-api1", "pulso-api2")
	w := newWorkspace(t, g.environment(t))
	if out, err := w.step(t, "cloud-run"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := map[string]string{
		"pulso-frontend": registry + "/frontend@" + digest("frontend"), "pulso-api1": "us-docker.pkg.dev/cloudrun/container/hello", "pulso-api2": "us-docker.pkg.dev/cloudrun/container/hello",
	}; !reflect.DeepEqual(running, want) {
		t.Errorf("by default: %v", running)
	}
	for range 2 {
		if out, err := w.step(t, "cloud-run", "RUN_SERVICES=pulso-frontend pulso-api1 pulso-api2"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for service, image := range map[string]string{"pulso-frontend": "frontend", "pulso-api1": "functions", "pulso-api2": "functions"} {
		if want := registry + "/" + image + "@" + digest(image); running[service] != want {
			t.Errorf("%s runs %s", service, running[service])
		}
	}
	w.refused(t, "cloud-run", []string{"RUN_SERVICES=frontend"}, `no service "frontend"`, "pulso-frontend, pulso-api1, pulso-api2", "_RUN_SERVICES")
}

// A service that is not there is not made, with whatever settings.
func TestCloudRunWithoutTheService(t *testing.T) {
	t.Parallel()
	g := newGoogle(t)
	services := "/apis/serving.knative.dev/v1/namespaces/" + project + "/services"
	g.handle("GET "+services+"/pulso-frontend", func(*http.Request, []byte) (int, any) { return http.StatusNotFound, map[string]any{} })
	g.handle("POST "+services, func(*http.Request, []byte) (int, any) {
		return http.StatusForbidden, map[string]any{"error": map[string]any{"code": 403, "status": "PERMISSION_DENIED", "message": "Permission 'run.services.create' denied"}}
	})
	w := newWorkspace(t, g.environment(t))
	w.refused(t, "cloud-run", nil, "run.services.create", "terraform apply makes it", "the old one still serves")
}

// cluster stands for GKE's API.
func (g *google) cluster(status int) {
	g.handle("GET /container/v1/projects/"+project+"/locations/"+region+"/clusters/pulso", func(*http.Request, []byte) (int, any) {
		if status != http.StatusOK {
			return status, map[string]any{"error": map[string]any{"code": status, "message": "what GKE says"}}
		}
		return status, map[string]any{
			"name": "pulso", "location": region, "status": "RUNNING", "endpoint": "",
			"controlPlaneEndpointsConfig": map[string]any{"dnsEndpointConfig": map[string]any{"endpoint": "gke-0123." + region + ".gke.goog", "allowExternalTraffic": true}},
		}
	})
	g.handle("GET /container/v1/projects/"+project+"/locations/-/clusters", func(*http.Request, []byte) (int, any) { return http.StatusOK, map[string]any{} })
}

// kubectl puts a program in kubectl's place that plays a cluster, in which the Job and the Deployments are as the files of
// the folder say. Its command lines go through the real kubectl as well, which finds nobody at the address that it is given:
// what it does not understand fails the step in another way. It returns the folder.
func (w *workspace) kubectl(t *testing.T) (state string) {
	t.Helper()
	state = t.TempDir()
	real, err := exec.LookPath("kubectl")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(state, "kubeconfig"), `{"apiVersion": "v1", "kind": "Config", "current-context": "c", "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
		"users": [{"name": "u", "user": {"token": "t"}}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}`)
	writeFile(t, filepath.Join(state, "kubectl"), `#!/bin/bash
set -u
state=`+state+` real=`+real+`
echo "$*" >>$state/calls
said=$($real --kubeconfig=$state/kubeconfig "$@" 2>&1)
grep -q 'connection.* refused' <<<"$said" || { echo "kubectl $*: $said" >&2; exit 99; }
case "$1 $2" in
apply*) cat $state/apply 2>/dev/null && exit 1; exit 0 ;;
"get job") for a in "$@"; do case $a in --output=*) $real label --local --filename=$state/job.json seen=yes "$a" ;; esac; done ;;
"rollout status") ! cat $state/rollout 2>/dev/null ;;
"get pods") echo "POD api1-0 0/1 ImagePullBackOff" ;;
"get events") echo "WARNING Failed to pull image" ;;
logs*) echo "LOG of the migrator: denied" ;;
*) echo "unexpected: $*" >&2; exit 98 ;;
esac
`)
	if err := os.Chmod(filepath.Join(state, "kubectl"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.environment = append(w.environment, "PATH="+state+":"+os.Getenv("PATH"))
	return state
}

// job sets what the migrator's Job has come to: conditions such as Complete=True.
func job(t *testing.T, state string, conditions ...string) {
	t.Helper()
	list := []map[string]string{}
	for _, c := range conditions {
		name, status, _ := strings.Cut(c, "=")
		list = append(list, map[string]string{"type": name, "status": status})
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]string{"name": "migrator-" + buildID}, "status": map[string]any{"conditions": list},
	})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(state, "job.json"), string(text))
}

func calls(t *testing.T, state string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(state, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCluster(t *testing.T) {
	t.Parallel()
	g := newGoogle(t)
	g.cluster(http.StatusOK)
	w := newWorkspace(t, g.environment(t))
	if out, err := w.step(t, "manifests"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	state := w.kubectl(t)

	// As the API server of Kubernetes 1.31 and newer says it.
	job(t, state, "SuccessCriteriaMet=True", "Complete=True")
	if out, err := w.step(t, "cluster"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []string{"apply --kustomize=build/deploy", "get job migrator-" + buildID, "rollout status deployment"}
	lines := strings.Split(strings.TrimSpace(calls(t, state)), "\n")
	if len(lines) != len(want) {
		t.Errorf("calls:\n%s", calls(t, state))
	}
	for i, line := range lines {
		if i < len(want) && !strings.HasPrefix(line, want[i]) {
			t.Errorf("call %d: %s", i, line)
		}
	}

	job(t, state, "FailureTarget=True", "Failed=True")
	w.refused(t, "cluster", nil, "the migrator's Job: Failed", "LOG of the migrator: denied", "WARNING Failed to pull image", "docs/operations.md")
	job(t, state, "Complete=False")
	w.refused(t, "cluster", []string{"PATIENCE=1"}, "the migrator's Job: not ended after 1 s", "LOG of the migrator", "ImagePullBackOff")

	job(t, state, "Complete=True")
	writeFile(t, filepath.Join(state, "rollout"), "error: timed out waiting for the condition\n")
	w.refused(t, "cluster", nil, "not all ready", "the old ones still serve", "ImagePullBackOff", "docs/operations.md")
	writeFile(t, filepath.Join(state, "apply"), "no matches for kind \"Gateway\"\n")
	w.refused(t, "cluster", nil, "did not take everything", "Gateway API", "roles/container.developer")

	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		g := newGoogle(t)
		g.cluster(status)
		unreachable := workspace{w.dir, g.environment(t)}
		unreachable.refused(t, "cluster", nil, "the cluster cannot be reached", "_REGION", "roles/container.developer")
	}
}

// kubectl is led to the cluster's name, as its address is closed.
func TestTheClusterIsReachedByItsName(t *testing.T) {
	t.Parallel()
	g := newGoogle(t)
	g.cluster(http.StatusOK)
	w := newWorkspace(t, g.environment(t))
	if out, err := run(t, w.dir, append(w.environment, "PROJECT_ID="+project, "REGION="+region), "bash", "-c", ". scripts/cloud/lib; reach_cluster"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, home, _ := strings.Cut(w.environment[0], "=")
	kubeconfig, err := os.ReadFile(filepath.Join(home, ".kube/config"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(kubeconfig), "server: https://gke-0123."+region+".gke.goog") {
		t.Errorf("%s", kubeconfig)
	}
}
