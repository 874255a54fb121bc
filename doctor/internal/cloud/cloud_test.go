package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

// programs answer as recorded, but for what differs.
type programs struct {
	answers map[string]string
	errors  map[string]string
}

func (p programs) run(ctx context.Context, argv ...string) ([]byte, error) {
	line := command.Line(argv...)
	check.Note(ctx, line)
	if says, ok := p.errors[line]; ok {
		return nil, &command.Error{Line: line, Reason: says, Err: fmt.Errorf("exit status 1")}
	}
	if argv[0] == "gcloud" && slices.Contains(argv, "print-access-token") && !slices.Contains(argv, "--format=none") {
		panic("asks for a token")
	}
	answer, ok := p.answers[line]
	if !ok {
		return nil, &command.Error{Line: line, Reason: "not found", Err: fmt.Errorf("exit status 1")}
	}
	return []byte(answer), nil
}

// differ puts other words into the answer to the one command that holds a phrase.
func (p programs) differ(t *testing.T, phrase, was, is, says string) {
	t.Helper()
	var lines []string
	for line := range p.answers {
		if strings.Contains(line, phrase) {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 {
		t.Fatalf("%q is in %q", phrase, lines)
	}
	if says != "" {
		p.errors[lines[0]] = says
		return
	}
	if !strings.Contains(p.answers[lines[0]], was) {
		t.Fatalf("no %s in %s", was, p.answers[lines[0]])
	}
	p.answers[lines[0]] = strings.Replace(p.answers[lines[0]], was, is, 1)
}

func asRecorded(t *testing.T) programs {
	t.Helper()
	p := programs{map[string]string{}, map[string]string{}}
	for line, answer := range recorded(t) {
		if text, ok := answer.(string); ok {
			p.answers[line] = text
			continue
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		p.answers[line] = string(text)
	}
	return p
}

// fault is one thing that is not as it should be, and what is then said.
type fault struct {
	name string
	// The answer to the command with this phrase has is in the place of was; or the command fails, and says this.
	phrase, was, is, says string
	// Or it is outside, or in the settings.
	outside  func(*outside)
	settings func(*Settings)

	row    string // the check that finds it
	state  check.State
	detail string
	cure   string
}

const (
	requestToReady  = "GET 203.0.113.9:8080/ready"
	requestToEntry  = "POST pulso.endpoints.my-project.cloud.goog/api"
	requestToHealth = "GET pulso-frontend-x.a.run.app/health"
	requestToSocket = "GET pulso-frontend-x.a.run.app/socket.io/?EIO=4&transport=polling"
)

func answers(request string, status int, body string) func(*outside) {
	return func(o *outside) { o.responses[request] = response{status: status, body: body} }
}

var faults = []fault{
	{name: "no credentials", phrase: "print-access-token", says: "Your default credentials were not found. To set up Application Default Credentials, see https://cloud.google.com",
		row: "credentials", state: check.Failed, detail: "has none", cure: "gcloud auth application-default login"},
	{name: "credentials expired", phrase: "print-access-token", says: "There was a problem refreshing your current auth tokens: expired Please run: $ gcloud auth application-default login",
		row: "credentials", state: check.Failed, cure: "gcloud auth application-default login"},
	{name: "login expired", phrase: "gcloud projects describe", says: "There was a problem refreshing your current auth tokens: expired Please run: $ gcloud auth login",
		row: "project", state: check.Failed, cure: "gcloud auth login"},
	{name: "no such project", phrase: "gcloud projects describe", says: "[me@example.com] does not have permission to access projects instance [my-project] (or it may not exist)",
		row: "project", state: check.Failed, detail: "may not exist", cure: "gcloud config set project"},
	{name: "project being deleted", phrase: "gcloud projects describe", was: `"ACTIVE"`, is: `"DELETE_REQUESTED"`,
		row: "project", state: check.Failed, detail: "DELETE_REQUESTED", cure: "gcloud projects undelete my-project"},
	{name: "another project in terraform.tfvars", settings: func(s *Settings) { s.Terraform = "other-project" },
		row: "project", state: check.Warn, detail: "names other-project", cure: "gcloud config set project other-project"},
	{name: "no network", phrase: "gcloud projects describe", says: "gcloud crashed (ConnectionError): Max retries exceeded",
		row: "project", state: check.Failed, detail: "Max retries", cure: "curl -I https://www.googleapis.com"},
	{name: "billing off", phrase: "billing projects", was: `true`, is: `false`,
		row: "billing", state: check.Failed, cure: "gcloud billing projects link my-project"},
	{name: "billing not to be seen", phrase: "billing projects", says: "PERMISSION_DENIED: Cloud Billing API has not been used in project my-project before or it is disabled",
		row: "billing", state: check.Warn, detail: "has not been used", cure: "gcloud services enable cloudbilling.googleapis.com"},
	{name: "an API off", phrase: "services list --enabled", was: `"config":{"name":"sqladmin.googleapis.com"}`, is: `"config":{"name":"translate.googleapis.com"}`,
		row: "APIs", state: check.Failed, detail: "1 of 3 are off", cure: "gcloud services enable sqladmin.googleapis.com --project=my-project"},
	{name: "too few CPUs in the region", phrase: "regions describe", was: `"limit":24,"metric":"CPUS"`, is: `"limit":4,"metric":"CPUS"`,
		row: "quota us-central1", state: check.Failed, detail: "CPUS: 4 in all, of 6", cure: "https://console.cloud.google.com/iam-admin/quotas?project=my-project"},
	{name: "CPUs for no more pods", phrase: "regions describe", was: `"limit":24,"metric":"CPUS"`, is: `"limit":8,"metric":"CPUS"`,
		row: "quota us-central1", state: check.Warn, detail: "CPUS: 8 in all, of 10", cure: "iam-admin/quotas"},
	{name: "too few CPUs in all", phrase: "project-info", was: `"limit":32`, is: `"limit":0`,
		row: "quota of all regions", state: check.Failed, detail: "CPUS_ALL_REGIONS", cure: "iam-admin/quotas"},
	{name: "no such region", phrase: "regions describe", says: "Could not fetch resource: - The resource 'projects/my-project/regions/us-central1' was not found",
		row: "quota us-central1", state: check.Failed, cure: "gcloud compute regions list"},
	{name: "secret without version", phrase: "--secret=pulso-ingest-token", says: "NOT_FOUND: Secret Version [projects/1234/secrets/pulso-ingest-token/versions/latest] not found.",
		row: "pulso-ingest-token", state: check.Failed, detail: "no version", cure: apply},
	{name: "secret's version disabled", phrase: "--secret=pulso-socket-token", was: "ENABLED", is: "DISABLED",
		row: "pulso-socket-token", state: check.Failed, detail: "disabled", cure: "gcloud secrets versions enable 3 --secret=pulso-socket-token"},
	{name: "secret's version destroyed", phrase: "--secret=pulso-socket-token", was: "ENABLED", is: "DESTROYED",
		row: "pulso-socket-token", state: check.Failed, detail: "DESTROYED", cure: "token_version"},
	{name: "no right to secrets", phrase: "--secret=pulso-socket-token", says: "PERMISSION_DENIED: Permission 'secretmanager.versions.get' denied",
		row: "pulso-socket-token", state: check.Failed, detail: "may not ask", cure: "--member=user:me@example.com --role=roles/viewer"},
	{name: "an image missing", phrase: "docker images list", was: `"package":"us-central1-docker.pkg.dev/my-project/pulso/migrator"`, is: `"package":"us-central1-docker.pkg.dev/my-project/pulso/x"`,
		row: "images", state: check.Failed, detail: "no migrator with the tag latest", cure: build},
	{name: "an image without the tag", phrase: "docker images list", was: `"tags":["b2","latest"]`, is: `"tags":["b2"]`,
		row: "images", state: check.Failed, detail: "no agent with the tag latest", cure: build},
	{name: "no repository", phrase: "docker images list", says: "NOT_FOUND: Repository was not found", row: "images", state: check.Failed, detail: "not there", cure: apply},
	{name: "VM stopped", phrase: "instances describe pulso-vm", was: "RUNNING", is: "TERMINATED",
		row: "VM", state: check.Failed, detail: "TERMINATED", cure: "gcloud compute instances start pulso-vm --zone=us-central1-b"},
	{name: "VM's port closed to us", outside: func(o *outside) { o.closed = "203.0.113.9:8080" },
		row: "agent", state: check.Failed, detail: "does not answer from here", cure: "load_generator_cidrs"},
	{name: "agent without a number", outside: answers(requestToReady, 503, `{"error":"sin_muestra","mensaje":"the module is gone"}`),
		row: "agent", state: check.Failed, detail: "the module is gone", cure: "--unit=pulso-agent"},
	{name: "database stopped", phrase: "sql instances describe", was: "ALWAYS", is: "NEVER",
		row: "instance", state: check.Failed, detail: "stopped", cure: "gcloud sql instances patch pulso --activation-policy=ALWAYS"},
	{name: "database being made", phrase: "sql instances describe", was: "RUNNABLE", is: "PENDING_CREATE",
		row: "instance", state: check.Failed, detail: "PENDING_CREATE", cure: "gcloud sql operations list"},
	{name: "no IAM login", phrase: "sql instances describe", was: `"cloudsql_iam_authentication","value":"on"`, is: `"cloudsql_iam_authentication","value":"off"`,
		row: "flags", state: check.Failed, detail: "no service can log in", cure: apply},
	{name: "too few connections", phrase: "sql instances describe", was: `"500"`, is: `"100"`,
		row: "flags", state: check.Failed, detail: "max_connections is 100", cure: apply},
	{name: "no user", phrase: "sql users list", was: `"name":"pulso-api2"`, is: `"name":"api2"`,
		row: "users", state: check.Failed, detail: "no IAM user pulso-api2", cure: apply},
	{name: "no role for the migrator", phrase: "sql users list", was: `["cloudsqlsuperuser"]`, is: `[]`,
		row: "migrator's role", state: check.Failed, detail: "lacks cloudsqlsuperuser", cure: "gcloud sql users assign-roles pulso-migrator@my-project.iam.gserviceaccount.com --instance=pulso"},
	{name: "an answer that makes no sense", phrase: "sql users list", was: `[{`, is: `{`, row: "users", state: check.Failed, detail: "makes no sense", cure: "ARGS=-v"},
	{name: "an error of its own", phrase: "sql users list", says: "HTTPError 500: oh", row: "users", state: check.Failed, detail: "500: oh", cure: "gcloud sql users list --instance=pulso"},
	{name: "cluster broken", phrase: "clusters describe", was: "RUNNING", is: "ERROR",
		row: "cluster", state: check.Failed, detail: "ERROR", cure: "gcloud container operations list"},
	{name: "kubectl does not know the cluster", phrase: "get namespace", says: `context "gke_my-project_us-central1_pulso" does not exist`,
		row: "access", state: check.Failed, cure: "gcloud container clusters get-credentials pulso --location=us-central1 --dns-endpoint --project=my-project"},
	{name: "kubectl does not get there", phrase: "get namespace", says: "Unable to connect to the server: dial tcp: i/o timeout",
		row: "access", state: check.Failed, detail: "does not reach", cure: "get-credentials"},
	{name: "nothing deployed", phrase: "get namespace", says: `(NotFound): namespaces "so1-fase2" not found`,
		row: "access", state: check.Failed, detail: "nothing is deployed", cure: build},
	{name: "kubectl goes to another cluster", phrase: "current-context", was: "gke_my-project_us-central1_pulso", is: "minikube",
		row: "access", state: check.Warn, detail: "another one", cure: "kubectl config use-context gke_my-project_us-central1_pulso"},
	{name: "migrator failed", phrase: "get jobs", was: `"type":"Complete"`, is: `"type":"Failed"`,
		row: "migrator", state: check.Failed, detail: "migrator-b2 has failed", cure: "kubectl logs job/migrator-b2"},
	{name: "migrator at work", phrase: "get jobs", was: `"type":"Complete"`, is: `"type":"Suspended"`,
		row: "migrator", state: check.Warn, detail: "not done", cure: "kubectl logs job/migrator-b2"},
	{name: "no pods ready", phrase: "get deployment api1", was: `"readyReplicas":2`, is: `"readyReplicas":0`,
		row: "api1", state: check.Failed, detail: "0 of 2 pods ready", cure: "kubectl describe deployment/api1"},
	{name: "some pods ready", phrase: "get deployment socket", was: `"readyReplicas":2`, is: `"readyReplicas":1`,
		row: "socket", state: check.Warn, detail: "1 of 2 pods ready", cure: "kubectl describe deployment/socket"},
	{name: "roll-out stuck", phrase: "get deployment api2", was: `{"status":"True","type":"Progressing"}`, is: `{"status":"False","type":"Progressing"}`,
		row: "api2", state: check.Failed, detail: "stuck", cure: "kubectl describe deployment/api2"},
	{name: "not deployed", phrase: "get deployment api2", says: `(NotFound): deployments.apps "api2" not found`,
		row: "api2", state: check.Failed, detail: "not deployed", cure: build},
	{name: "address not reserved", phrase: "describe pulso-gateway", says: "Could not fetch resource: - The resource 'projects/my-project/global/addresses/pulso-gateway' was not found",
		row: "address pulso-gateway", state: check.Failed, detail: "not reserved", cure: apply},
	{name: "gateway without the address", phrase: "get gateway pulso", was: "203.0.113.20", is: "198.51.100.1",
		row: "address pulso-gateway", state: check.Failed, detail: "the gateway has 198.51.100.1", cure: "kubectl describe gateway pulso"},
	{name: "no gateway", phrase: "get gateway pulso", says: `(NotFound): gateways.gateway.networking.k8s.io "pulso" not found`,
		row: "address pulso-gateway", state: check.Failed, detail: "neither", cure: build},
	{name: "name leads elsewhere", outside: func(o *outside) { o.addresses["pulso.endpoints.my-project.cloud.goog"] = []string{"198.51.100.1"} },
		row: "name pulso", state: check.Failed, detail: "leads 198.51.100.1, not to 203.0.113.20", cure: apply},
	{name: "no such name", outside: func(o *outside) { o.addresses = nil }, row: "name pulso", state: check.Failed, detail: "no such host", cure: apply},
	{name: "certificate not given out", phrase: "ssl-certificates describe", was: `"status":"ACTIVE"`, is: `"status":"PROVISIONING"`,
		row: "certificate pulso", state: check.Failed, detail: "PROVISIONING", cure: "gcloud compute ssl-certificates describe pulso --global"},
	{name: "entry point without backends", outside: answers(requestToEntry, 503, "no healthy upstream"),
		row: "entry pulso", state: check.Failed, detail: "503 no healthy upstream, not 401", cure: "curl -i -X POST"},
	{name: "entry point without a guard", outside: answers(requestToEntry, 400, "{}"),
		row: "entry pulso", state: check.Failed, detail: "anybody can write", cure: build},
	{name: "stand-in on Cloud Run", phrase: "run services list", was: "us-central1-docker.pkg.dev/my-project/pulso/frontend@sha256:00", is: "us-docker.pkg.dev/cloudrun/container/hello",
		row: "pulso-frontend", state: check.Failed, detail: "cloudrun/container/hello", cure: build},
	{name: "service not ready", phrase: "run services list", was: `"status":"True","type":"Ready"`, is: `"message":"no port","status":"False","type":"Ready"`,
		row: "pulso-frontend", state: check.Failed, detail: "no port", cure: "gcloud run services logs read pulso-frontend"},
	{name: "service in another region", phrase: "run services list", was: `"cloud.googleapis.com/location":"us-central1"`, is: `"cloud.googleapis.com/location":"europe-west1"`,
		row: "pulso-frontend", state: check.Failed, detail: "none in us-central1", cure: apply},
	{name: "internal address not held", phrase: "get service socket-internal", was: `[{"ip":"10.10.4.5"}]`, is: "[]",
		row: "address pulso-socket", state: check.Failed, detail: "socket-internal has none", cure: "kubectl describe service socket-internal"},
	{name: "dashboard for nobody", outside: answers(requestToHealth, 403, "Forbidden"), row: "dashboard", state: check.Failed, detail: "403", cure: apply},
	{name: "dashboard broken", outside: answers(requestToHealth, 500, "oh"), row: "dashboard", state: check.Failed, detail: "500 oh", cure: "gcloud run services logs read pulso-frontend"},
	{name: "dashboard behind a sign-in", outside: func(o *outside) {
		o.responses[requestToHealth] = response{status: http.StatusFound, location: "https://accounts.google.com/o/oauth2/v2/auth"}
	}, row: "dashboard", state: check.Skipped, detail: "Identity-Aware Proxy"},
	{name: "no way to the socket", outside: answers(requestToSocket, 502, `{"error":"no_disponible"}`),
		row: "handshake", state: check.Failed, detail: "502", cure: "socket_service_away"},
	{name: "another program in the socket's place", outside: answers(requestToSocket, 200, "<html>"),
		row: "handshake", state: check.Failed, detail: "200 <html>", cure: "socket_service_away"},
}

func TestEachFaultIsFoundWithItsCure(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			p, o, s := asRecorded(t), well(), settings()
			if f.phrase != "" {
				p.differ(t, f.phrase, f.was, f.is, f.says)
			}
			if f.outside != nil {
				f.outside(o)
			}
			if f.settings != nil {
				f.settings(&s)
			}
			lame := map[string]bool{} // what cannot be looked at
			for _, r := range diagnose(t, o.world(t, p.run), s, "me@example.com") {
				switch {
				case r.Name == f.row:
					cure := strings.Join(r.Cure, "\n")
					if r.State != f.state || !strings.Contains(r.Detail, f.detail) || !strings.Contains(cure, f.cure) || f.state == check.Failed && cure == "" {
						t.Errorf("%s: %s %s %q", r.Name, r.State, r.Detail, r.Cure)
					}
					for _, line := range r.Cure {
						if !strings.HasPrefix(line, "#") && strings.Contains(line, "#") {
							t.Errorf("a remark that would be broken with its command: %s", line)
						}
					}
					lame[r.Name] = f.state != check.Warn
				case slices.ContainsFunc(r.Needs, func(need string) bool { return lame[need] }):
					if r.State != check.Skipped || r.Detail != "needs "+f.row {
						t.Errorf("%s: %s %s", r.Name, r.State, r.Detail)
					}
					lame[r.Name] = true
				case r.State != check.OK:
					t.Errorf("%s: %s %s %q", r.Name, r.State, r.Detail, r.Cure)
				}
			}
			if _, found := lame[f.row]; !found {
				t.Errorf("there is no check %s", f.row)
			}
		})
	}
}

func TestEverythingIsWell(t *testing.T) {
	for _, r := range diagnose(t, well().world(t, asRecorded(t).run), settings(), "me@example.com") {
		if r.State != check.OK || len(r.Cure) > 0 || r.Detail == "" {
			t.Errorf("%s: %s %q %q", r.Name, r.State, r.Detail, r.Cure)
		}
		if len(r.Asked) == 0 && r.Name != "account" {
			t.Errorf("%s asked nothing", r.Name)
		}
	}
}
