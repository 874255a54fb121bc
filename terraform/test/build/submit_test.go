package build_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	cloudbuild "google.golang.org/api/cloudbuild/v1"
)

// root is the project's.
const root = "../../.."

// submission is what the real `gcloud builds submit` sent.
type submission struct {
	build  cloudbuild.Build
	object string // of Cloud Storage
	source []byte // its content
	said   string
}

// baits is files as they may lie in somebody's checkout, none of which may leave his machine.
var baits = []string{
	".env", ".env.local", "frontend/.env", "frontend/.env.production", "gke/my.env", "locust/.env",
	"terraform/terraform.tfstate", "terraform/terraform.tfstate.backup", "terraform/terraform.tfvars", "terraform/prod.auto.tfvars",
	"terraform/.terraform/terraform.tfstate", "gke/terraform.tfstate", "terraform.tfstate",
	"key.json", "my-project-123456-0123456789ab.json", "agent/my-project-123456-0123456789ab.json", "functions/credentials.json",
	"frontend/service-account.json", "gke/key.json", "internal/client_secret.json", "gke/kubeconfig", "gke/.kube/config", ".config/gcloud/access_tokens.db",
	"agent/deploy/id_rsa", "socket/server.key", "socket/server.pem", "scripts/id_ed25519", "scripts/cloud/key.json", "scripts/cloud/.env", ".netrc", "frontend/.npmrc",
	".pulso/db/ibdata1", ".pulso/recording.json", "recording.json", "grabacion.json", "locust/recording.json", "internal/store/dump.sql", "local/pulso.db",
	".git/config", ".git/HEAD", "frontend/.git/config",
	"node_modules/x/index.js", "frontend/node_modules/x/index.js", "frontend/node_modules/x/package.json", "socket/bench/node/node_modules/x/package.json",
	"bin/agent", "frontend/dist/index.html", "frontend/test-results/trace.zip", "locust/__pycache__/x.pyc", "scripts/__pycache__/x.pyc",
	"kernel/cpu/pulso_cpu.ko", "kernel/cpu/pulso_cpu.o", "kernel/Module.symvers", "kernel/.pulso.o.cmd", ".vscode/settings.json", "notes.txt", "agent/main.go.orig", "agent/.main.go.swp",
	"mine/kustomization.yaml", "gke/kubeconfig.yaml", "gke/secret.yaml", "frontend/public/.env", "frontend/public/key.json", "scripts/cloud/token",
	"agent/env.sh", "agent/testdata/key.pem", "agent/internal/procfs/testdata/key.pem", "scripts/cloud/lib~",
}

// submitted is the one submission, which every test reads.
func submitted(t *testing.T) submission {
	t.Helper()
	once.Do(func() { first = submitCheckout(t) })
	if first.source == nil {
		t.Fatal("gcloud builds submit has failed in another test")
	}
	return first
}

var (
	once  sync.Once
	first submission
)

// submitCheckout has the real gcloud submit a copy of the checkout with baits in it, by the command that Terraform prints.
func submitCheckout(t *testing.T) submission {
	t.Helper()
	dir := checkout(t)
	for _, bait := range baits {
		writeFile(t, filepath.Join(dir, bait), "secret\n")
	}
	// An editor's lock leads nowhere, and gcloud falls over what leads nowhere.
	if err := os.Symlink("me@my-machine.1234:1700000000", filepath.Join(dir, "agent/.#main.go")); err != nil {
		t.Fatal(err)
	}
	g := newGoogle(t)
	var s submission
	g.storage(t, &s)
	g.cloudBuild(t, &s)
	out, err := run(t, dir, g.environment(t), "gcloud", "builds", "submit", "--project="+project, "--region="+region,
		"--gcs-source-staging-dir=gs://"+project+"-pulso-source/source",
		"--substitutions=_VERSION=v1.2-3-gabcdef-dirty,_GKE_COMPONENTS=without-autoscaling without-ingest,_RUN_SERVICES=pulso-frontend pulso-api1 pulso-api2")
	if err != nil {
		t.Fatalf("gcloud builds submit: %v\n%s", err, out)
	}
	s.said = out
	return s
}

// checkout is a copy of what git has of the project or would take.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range tracked(t) {
		content, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, os.ErrNotExist) { // removed, and not yet committed
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), string(content))
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || os.Chmod(filepath.Join(dir, name), info.Mode()) != nil {
			t.Fatal(name, err)
		}
	}
	return dir
}

// tracked is the files of the project, also those that are not yet committed.
func tracked(t *testing.T) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v: these tests need a checkout of git's", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// storage takes one upload, into a bucket that is there already.
func (g *google) storage(t *testing.T, s *submission) {
	g.handle("GET /storage/v1/b/{bucket}", func(r *http.Request, _ []byte) (int, any) {
		return http.StatusOK, map[string]string{"kind": "storage#bucket", "name": r.PathValue("bucket")}
	})
	g.handle("POST /upload/storage/v1/b/{bucket}/o", func(r *http.Request, body []byte) (int, any) {
		_, boundary, _ := strings.Cut(r.Header.Get("Content-Type"), "boundary=")
		parts := multipart.NewReader(bytes.NewReader(body), strings.Trim(boundary, `'"`)) // gcloud's quotes are of Python
		for range 2 {                                                                     // what it is, and then the thing itself
			part, err := parts.NextPart()
			if err != nil {
				t.Error(err)
				return http.StatusBadRequest, nil
			}
			if s.source, err = io.ReadAll(part); err != nil {
				t.Error(err)
			}
		}
		s.object = "gs://" + r.PathValue("bucket") + "/" + r.URL.Query().Get("name")
		return http.StatusOK, map[string]string{
			"kind": "storage#object", "bucket": r.PathValue("bucket"), "name": r.URL.Query().Get("name"), "generation": "1796051847710699",
			"size": strconv.Itoa(len(s.source)),
		}
	})
}

// cloudBuild takes one build, and says that it went well.
func (g *google) cloudBuild(t *testing.T, s *submission) {
	state := func(status string) map[string]any {
		return map[string]any{
			"id": buildID, "name": "projects/" + project + "/locations/" + region + "/builds/" + buildID, "projectId": project, "status": status,
			"createTime": "2026-01-02T03:04:05Z", "logUrl": "https://console.cloud.google.com/cloud-build/builds/" + buildID, "options": s.build.Options,
		}
	}
	builds := "/cloudbuild/v1/projects/" + project + "/locations/" + region + "/builds"
	g.handle("POST "+builds, func(_ *http.Request, body []byte) (int, any) {
		if err := decode(body, &s.build); err != nil {
			t.Errorf("the build that was posted: %v\n%s", err, body)
		}
		return http.StatusOK, map[string]any{"name": "operations/build/" + project + "/x", "metadata": map[string]any{
			"@type": "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata", "build": state("QUEUED"),
		}}
	})
	g.handle("GET "+builds+"/"+buildID, func(*http.Request, []byte) (int, any) { return http.StatusOK, state("SUCCESS") })
}

// files is what a tarball holds, by name.
func (s submission) files(t *testing.T) map[string]*tar.Header {
	t.Helper()
	found := map[string]*tar.Header{}
	s.each(t, func(h *tar.Header, _ io.Reader) {
		if h.Typeflag != tar.TypeDir {
			found[h.Name] = h
		}
	})
	return found
}

// unpack is a folder with what was uploaded, as Cloud Build unpacks it into /workspace.
func (s submission) unpack(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s.each(t, func(h *tar.Header, content io.Reader) {
		if !filepath.IsLocal(h.Name) {
			t.Fatalf("the tarball has %s", h.Name)
		}
		name := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(name, 0o755); err != nil {
				t.Fatal(err)
			}
			return
		}
		if h.Typeflag != tar.TypeReg {
			t.Fatalf("%s is of type %c", h.Name, h.Typeflag)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, name, string(text))
		if err := os.Chmod(name, h.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	})
	return dir
}

func (s submission) each(t *testing.T, visit func(h *tar.Header, content io.Reader)) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(s.source))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		h.Name = strings.TrimPrefix(filepath.Clean(h.Name), "./")
		visit(h, archive)
	}
}

// The Build that gcloud makes of cloudbuild.yaml and the command.
func TestTheBuildThatIsSubmitted(t *testing.T) {
	s := submitted(t)
	if want := "projects/${PROJECT_ID}/serviceAccounts/pulso-build@${PROJECT_ID}.iam.gserviceaccount.com"; s.build.ServiceAccount != want {
		t.Errorf("it runs as %s", s.build.ServiceAccount)
	}
	if s.build.Options.Logging != "CLOUD_LOGGING_ONLY" || s.build.LogsBucket != "" {
		t.Errorf("logs: %s %q", s.build.Options.Logging, s.build.LogsBucket)
	}
	var ids []string
	for _, step := range s.build.Steps {
		ids = append(ids, step.Id)
	}
	want := []string{"lint", "test", "vulnerabilities", "dashboard", "binaries", "images", "manifests", "migrator-role", "cluster", "cloud-run", "smoke"}
	if !slices.Equal(ids, want) {
		t.Errorf("steps: %v", ids)
	}
	for name, value := range map[string]string{
		"_VERSION": "v1.2-3-gabcdef-dirty", "_GKE_COMPONENTS": "without-autoscaling without-ingest", "_RUN_SERVICES": "pulso-frontend pulso-api1 pulso-api2",
		"_REGION": "us-central1", "_SQL_INSTANCE": "pulso",
	} {
		if got := s.build.Substitutions[name]; got != value {
			t.Errorf("%s is %q, not %q", name, got, value)
		}
	}
	source := s.build.Source.StorageSource
	if got := "gs://" + source.Bucket + "/" + source.Object; got != s.object || !strings.HasPrefix(got, "gs://"+project+"-pulso-source/source/") {
		t.Errorf("it builds %s; uploaded was %s", got, s.object)
	}
	if !strings.Contains(s.said, "SUCCESS") {
		t.Errorf("gcloud says:\n%s", s.said)
	}
}

// What is uploaded is files of the project, and nothing that lies beside them.
func TestNothingElseLeavesTheMachine(t *testing.T) {
	files := submitted(t).files(t)
	known := map[string]bool{}
	for _, name := range tracked(t) {
		known[name] = true
	}
	for name := range files {
		if slices.Contains(baits, name) {
			t.Errorf("%s was uploaded", name)
		} else if !known[name] {
			t.Errorf("%s was uploaded, and is not the project's", name)
		}
	}
	for _, bait := range baits {
		if known[bait] {
			t.Errorf("%s is no bait: the project has it", bait)
		}
	}
}

func TestTheUploadIsSmall(t *testing.T) {
	const most = 5 << 20
	if size := len(submitted(t).source); size > most {
		t.Errorf("%d KiB are uploaded", size>>10)
	}
}
