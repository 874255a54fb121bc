package cloud

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

// kubernetes is the command for what is asked of the cluster.
func kubernetes(what string) string {
	return "kubectl get " + what + " --namespace=so1-fase2 --context=gke_my-project_us-central1_pulso --output=json"
}

// found returns what one check finds.
func found(t *testing.T, name string, p programs, o *outside, s Settings) check.Result {
	t.Helper()
	for _, r := range diagnose(t, o.world(t, p.run), s, "me@example.com") {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("there is no check %s", name)
	return check.Result{}
}

func TestWhyPodsAreNotReady(t *testing.T) {
	pod := func(name, ready, rest string) string {
		return fmt.Sprintf(`{"metadata":{"name":"%s-1","labels":{"app.kubernetes.io/name":"%s"}},"status":{"conditions":[{"type":"Ready","status":"%s"}%s`, name, name, ready, rest)
	}
	waiting := func(reason string) string {
		return `],"containerStatuses":[{"state":{"waiting":{"reason":"` + reason + `"}}}]}}`
	}
	for _, c := range []struct{ pod, detail, cure string }{
		{pod("api1", "False", waiting("ImagePullBackOff")), "image cannot be had", build},
		{pod("api1", "False", waiting("CrashLoopBackOff")), "ends by itself", "kubectl logs --previous --tail=5 pod/api1-1 -n so1-fase2"},
		{pod("api1", "False", waiting("ContainerCreating")), "does not start", "kubectl describe pod/api1-1"},
		{pod("api1", "False", `,{"type":"PodScheduled","status":"False"}]}}`), "no node has room", "quotas"},
		{pod("api1", "False", `],"containerStatuses":[{"state":{"running":{}}}]}}`), "do not reach the database", "kubectl logs --tail=20 pod/api1-1"},
		{pod("api1", "True", "]}}"), "0 of 2", "kubectl describe deployment/api1"},
	} {
		p := asRecorded(t)
		p.differ(t, "get deployment api1", `"readyReplicas":2`, `"readyReplicas":0`, "")
		p.answers[kubernetes("pods --selector=app.kubernetes.io/part-of=pulso")] = `{"items":[` + pod("socket", "False", waiting("Other")) + "," + c.pod + `]}`
		r := found(t, "api1", p, well(), settings())
		if r.State != check.Failed || !strings.Contains(r.Detail, c.detail) || !strings.Contains(strings.Join(r.Cure, "\n"), c.cure) {
			t.Errorf("%s\n%s %s %q", c.pod, r.State, r.Detail, r.Cure)
		}
	}
}

func TestAJobThatIsGoneIsNotHeldAgainstAnybody(t *testing.T) {
	p := asRecorded(t)
	p.answers[kubernetes("jobs --selector=app.kubernetes.io/part-of=pulso")] = `{"items":[]}`
	if r := found(t, "migrator", p, well(), settings()); r.State != check.Skipped || !strings.Contains(r.Detail, "an hour after") {
		t.Errorf("%v", r)
	}
	p.answers[kubernetes("jobs --selector=app.kubernetes.io/part-of=pulso")] = `{"items":[{"metadata":{"name":"migrator-b3"},"status":{"failed":2}}]}`
	if r := found(t, "migrator", p, well(), settings()); r.State != check.Failed || !strings.Contains(r.Detail, "failed 2 times") {
		t.Errorf("%v", r)
	}
}

func TestAnIngressCanStandInTheGatewaysPlace(t *testing.T) {
	for _, says := range []string{`(NotFound): gateways.gateway.networking.k8s.io "pulso" not found`, `the server doesn't have a resource type "gateway"`} {
		p := asRecorded(t)
		p.differ(t, "get gateway pulso", "", "", says)
		p.answers[kubernetes("ingress pulso")] = `{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.20"}]}}}`
		if r := found(t, "address pulso-gateway", p, well(), settings()); r.State != check.OK || !strings.Contains(r.Detail, "ingress") {
			t.Errorf("%v", r)
		}
	}
}

// Before the VM is there, what is in use is somebody else's.
func TestWhatIsInUseCountsUntilItIsOurs(t *testing.T) {
	p := asRecorded(t)
	p.differ(t, "regions describe", `"metric":"CPUS","usage":6`, `"metric":"CPUS","usage":20`, "")
	if r := found(t, "quota us-central1", p, well(), settings()); r.State != check.OK || !strings.Contains(r.Detail, "in all: 24 CPUs") {
		t.Errorf("%v", r)
	}
	p.differ(t, "describe pulso-vm", "", "", "Could not fetch resource: - The resource 'pulso-vm' was not found")
	if r := found(t, "quota us-central1", p, well(), settings()); r.State != check.Failed || !strings.Contains(r.Detail, "CPUS: 4 free, of 6") {
		t.Errorf("%v", r)
	}
}

// The functions on Cloud Run have an entry point of their own, and none in the cluster unless both are asked for.
func TestWhereTheRoutesRunIsWhatIsLookedAt(t *testing.T) {
	p := asRecorded(t)
	const project = " --project=my-project --format=json"
	p.answers["gcloud compute addresses describe pulso-run --global"+project] = `{"address":"203.0.113.21","status":"IN_USE"}`
	p.answers["gcloud compute ssl-certificates describe pulso-run --global"+project] = `{"managed":{"status":"ACTIVE"}}`
	service := func(name string) string {
		return fmt.Sprintf(`{"metadata":{"name":"%s","labels":{"cloud.googleapis.com/location":"us-central1"}},"status":{"url":"https://%s-x.a.run.app"},
			"spec":{"template":{"spec":{"containers":[{"image":"us-central1-docker.pkg.dev/my-project/pulso/x@sha256:00"}]}}}}`, name, name)
	}
	p.answers["gcloud run services list"+project] = "[" + service("pulso-frontend") + "," + service("pulso-api1") + "," + service("pulso-api2") + "]"
	for ingest, want := range map[string][]string{
		"gke":       {"api1", "api2", "entry pulso"},
		"cloud_run": {"pulso-api1", "pulso-api2", "entry pulso-run"},
		"both":      {"api1", "api2", "pulso-api1", "pulso-api2", "entry pulso", "entry pulso-run"},
	} {
		s := settings()
		s.Ingest = ingest
		var got []string
		for _, r := range diagnose(t, well().world(t, p.run), s, "me@example.com") {
			if r.State != check.OK {
				t.Errorf("%s: %s %s %s", ingest, r.Name, r.State, r.Detail)
			}
			if strings.HasPrefix(r.Name, "entry") || strings.HasSuffix(r.Name, "api1") || strings.HasSuffix(r.Name, "api2") {
				got = append(got, r.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", ingest, got)
		}
	}
	p.answers["gcloud compute addresses describe pulso-run --global"+project] = `{"address":"203.0.113.21","status":"RESERVED"}`
	s := settings()
	s.Ingest = "cloud_run"
	if r := found(t, "address pulso-run", p, well(), s); r.State != check.Failed || !slices.Contains(r.Cure, apply) {
		t.Errorf("%v", r)
	}
}

func TestNobodyIsLoggedIn(t *testing.T) {
	for _, r := range diagnose(t, well().world(t, asRecorded(t).run), settings(), "") {
		switch r.Name {
		case "account":
			if r.State != check.Failed || !slices.Contains(r.Cure, "gcloud auth login") {
				t.Errorf("%v", r)
			}
		case "credentials":
		default:
			if r.State != check.Skipped || r.Detail != "needs account" {
				t.Errorf("%s: %s %s", r.Name, r.State, r.Detail)
			}
		}
	}
}

func TestSettingsAreTerraforms(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "terraform")
	write := func(name, text string) {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(filepath.Dir(folder)); err == nil || !strings.Contains(err.Error(), "root of the checkout") {
		t.Errorf("%v", err)
	}
	write("apis.tf", "locals {\n  apis = concat([\n    \"run.googleapis.com\",\n    \"compute.googleapis.com\",\n  ], var.budget == null ? [] : [\"billingbudgets.googleapis.com\"])\n}\n")
	s, err := Read(filepath.Dir(folder))
	if err != nil || fmt.Sprint(s) != "{  us-central1 us-central1-b standard gke pulso true [compute.googleapis.com run.googleapis.com]}" {
		t.Errorf("%v %v", s, err)
	}
	write("terraform.tfvars", `# mine
project              = "my-project"
region               = "europe-west1" # near
# preset = "small"
ingest    = "both"
autopilot = false
budget = {
  billing_account = "x"
  region          = "nowhere"
}
load_generator_cidrs = ["203.0.113.7/32"]
sql_instance = "pulso-2"
`)
	s, err = Read(filepath.Dir(folder))
	if err != nil || fmt.Sprint(s) != "{ my-project europe-west1 europe-west1-b standard both pulso-2 false [compute.googleapis.com run.googleapis.com]}" {
		t.Errorf("%v %v", s, err)
	}
}
