package build_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	inCluster  = "pulso.endpoints." + project + ".cloud.goog"
	onCloudRun = "pulso-run.endpoints." + project + ".cloud.goog"
)

// A deployment is what the step smoke looks at: the dashboard's server, the entry points with their certificates, and a
// cluster.
type deployment struct {
	workspace
	state          string // of the cluster, workspace.kubectl
	health, socket http.HandlerFunc
	entry          http.HandlerFunc
	asked          []string          // names of entry points that were asked
	certificates   map[string]string // and their states
}

// newDeployment is one that is well.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{
		health: answer(http.StatusOK, "ok"), socket: answer(http.StatusOK, `0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`),
		entry: answer(http.StatusUnauthorized, "{}"), certificates: map[string]string{"pulso": "ACTIVE", "pulso-run": "ACTIVE"},
	}
	dashboard := http.NewServeMux()
	dashboard.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) { d.health(w, r) })
	dashboard.HandleFunc("GET /socket.io/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "EIO=4&transport=polling" {
			t.Errorf("asked is %s", r.URL)
		}
		d.socket(w, r)
	})
	page := httptest.NewServer(dashboard)
	t.Cleanup(page.Close)

	g := newGoogle(t)
	g.cluster(http.StatusOK)
	g.cloudRun(t, page.URL, "pulso-frontend")
	g.handle("GET /compute/v1/projects/"+project+"/global/sslCertificates/{name}", func(r *http.Request, _ []byte) (int, any) {
		status := d.certificates[r.PathValue("name")]
		if status == "" {
			return http.StatusNotFound, map[string]any{"error": map[string]any{"code": 404, "message": "not found"}}
		}
		return http.StatusOK, map[string]any{"name": r.PathValue("name"), "type": "MANAGED", "managed": map[string]any{"status": status}}
	})
	d.workspace = newWorkspace(t, g.environment(t))
	d.state = d.kubectl(t)
	d.entries(t)
	return d
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, body)
	}
}

// entries has the entry points' names lead to a server of ours, with a certificate that curl takes for good.
func (d *deployment) entries(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{inCluster, onCloudRun}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked = append(d.asked, r.Host)
		if r.Method != http.MethodPost || r.URL.Path != "/api" || r.Header.Get("Authorization") != "" || r.ContentLength != 0 {
			t.Errorf("asked is %s %s of %d bytes", r.Method, r.URL, r.ContentLength)
		}
		d.entry(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, home, _ := strings.Cut(d.environment[0], "=")
	ca := filepath.Join(home, "ca.pem")
	writeFile(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})))
	// What curl reads before its arguments.
	address := strings.TrimPrefix(server.URL, "https://")
	writeFile(t, filepath.Join(home, ".curlrc"), fmt.Sprintf("connect-to = \"%s:443:%s\"\nconnect-to = \"%s:443:%s\"\ncacert = \"%s\"\n", inCluster, address, onCloudRun, address, ca))
}

// passes wants the step to come through, to say all of this, and to have asked these entry points.
func (d *deployment) passes(t *testing.T, environment, says, asked []string) {
	t.Helper()
	d.asked = nil
	out, err := d.step(t, "smoke", append([]string{"PATIENCE=20"}, environment...)...)
	if err != nil {
		t.Errorf("%v: %v\n%s", environment, err, out)
	}
	for _, text := range says {
		if !strings.Contains(out, text) {
			t.Errorf("%v does not say %q:\n%s", environment, text, out)
		}
	}
	if strings.Join(d.asked, " ") != strings.Join(asked, " ") {
		t.Errorf("%v: asked are %v, not %v:\n%s", environment, d.asked, asked, out)
	}
}

func TestSmoke(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	run := "RUN_SERVICES=pulso-frontend pulso-api1 pulso-api2"
	d.passes(t, []string{run}, []string{
		"/health answers", "/socket.io/ answers", "https://" + inCluster + "/api asks for the token", "https://" + onCloudRun + "/api asks for the token",
	}, []string{inCluster, onCloudRun})
	d.passes(t, []string{run, "GKE_COMPONENTS=without-autoscaling\twithout-ingest"}, []string{onCloudRun}, []string{onCloudRun})
	d.passes(t, []string{"GKE_COMPONENTS=http"}, []string{"NOT LOOKED AT", "plain http"}, nil)

	d.certificates["pulso"] = "PROVISIONING"
	d.passes(t, nil, []string{"NOT LOOKED AT: https://" + inCluster, "pulso is PROVISIONING", "an hour", "describe pulso --global", "make doctor"}, nil)
	delete(d.certificates, "pulso")
	d.refused(t, "smoke", nil, "there is no certificate pulso", "terraform apply")

	writeFile(t, filepath.Join(d.state, "rollout"), "error: timed out\n")
	d.refused(t, "smoke", nil, "the pods are no longer all ready", "docs/operations.md")
}

// What needs time at the first deployment gets it.
func TestSmokeWaits(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	for _, part := range []*http.HandlerFunc{&d.health, &d.socket, &d.entry} {
		well, attempts := *part, 0
		*part = func(w http.ResponseWriter, r *http.Request) {
			if attempts++; attempts < 2 {
				answer(http.StatusServiceUnavailable, "not yet")(w, r)
				return
			}
			well(w, r)
		}
	}
	d.passes(t, nil, []string{"asks for the token"}, []string{inCluster, inCluster})
}

func TestSmokeOfWhatIsNotWell(t *testing.T) {
	t.Parallel()
	now := []string{"PATIENCE=0"}
	d := newDeployment(t)

	d.entry = answer(http.StatusCreated, `{"api":"api1"}`)
	d.refused(t, "smoke", now, "does not ask for the token", "/api answers 201", "PULSO_INGEST_TOKEN_FILE")

	d.socket = answer(http.StatusOK, "<!doctype html>") // anything but a handshake
	d.refused(t, "smoke", now, "does not reach the socket service", "socket-internal", "docs/operations.md")

	d.health = answer(http.StatusForbidden, "Forbidden")
	d.refused(t, "smoke", now, "the dashboard does not answer", "/health answers 403", "allUsers")

	// Behind Identity-Aware Proxy nothing can be said.
	d.health = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Goog-IAP-Generated-Response", "true")
		http.Redirect(w, r, "https://accounts.google.com/", http.StatusFound)
	}
	d.socket = answer(http.StatusFound, "")
	d.entry = answer(http.StatusUnauthorized, "{}")
	d.passes(t, now, []string{"asks to sign in (Identity-Aware Proxy): not looked behind it"}, []string{inCluster})
}
