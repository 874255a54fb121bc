package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

const root = "../../.." // of the checkout

type response struct {
	status   int
	body     string
	location string
}

// outside is what is reached by requests and not by commands: the VM, the entry points and the dashboard, by method, host
// and path.
type outside struct {
	responses map[string]response
	addresses map[string][]string // by name
	closed    string              // the address that lets nobody in
}

func well() *outside {
	return &outside{
		responses: map[string]response{
			"GET 203.0.113.9:8080/ready":                                        {200, `{"estado":"listo"}`, ""},
			"POST pulso.endpoints.my-project.cloud.goog/api":                    {401, `{"error":"sin_permiso"}`, ""},
			"POST pulso-run.endpoints.my-project.cloud.goog/api":                {401, `{"error":"sin_permiso"}`, ""},
			"GET pulso-frontend-x.a.run.app/health":                             {200, `{"estado":"vivo"}`, ""},
			"GET pulso-frontend-x.a.run.app/socket.io/?EIO=4&transport=polling": {200, `0{"sid":"AAAA","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}`, ""},
		},
		addresses: map[string][]string{
			"pulso.endpoints.my-project.cloud.goog":     {"203.0.113.20"},
			"pulso-run.endpoints.my-project.cloud.goog": {"203.0.113.21"},
		},
	}
}

func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	found, ok := o.responses[r.Method+" "+r.Host+r.URL.String()]
	if !ok || r.Header.Get("Authorization") != "" {
		http.Error(w, "nobody expected "+r.Method+" "+r.Host+r.URL.String(), http.StatusTeapot)
		return
	}
	if found.location != "" {
		w.Header().Set("Location", found.location)
	}
	w.WriteHeader(found.status)
	_, _ = io.WriteString(w, found.body)
}

// world has everything that is outside on this machine; its certificates are checked as any other.
func (o *outside) world(t *testing.T, run command.Run) World {
	t.Helper()
	plain, secure := httptest.NewServer(o), httptest.NewTLSServer(o)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	var dialer net.Dialer
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == o.closed {
				return nil, context.DeadlineExceeded
			}
			if strings.HasSuffix(address, ":443") {
				return dialer.DialContext(ctx, network, secure.Listener.Addr().String())
			}
			return dialer.DialContext(ctx, network, plain.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return World{
		Run:    run,
		Client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Lookup: func(_ context.Context, host string) ([]string, error) {
			if addresses := o.addresses[host]; len(addresses) > 0 {
				return addresses, nil
			}
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		},
	}
}

// diagnose makes all checks of the cloud, on a machine that has the tools.
func diagnose(t *testing.T, w World, s Settings, account string) []check.Result {
	t.Helper()
	var checks []check.Check
	for _, name := range []string{"gcloud", "kubectl", "gke-gcloud-auth-plugin"} {
		checks = append(checks, check.Check{Name: name, Look: func(context.Context) check.Finding { return check.Good("here") }})
	}
	checks = append(checks, Checks(w, s, account)...)
	var results []check.Result
	if err := check.Run(t.Context(), checks, func(r check.Result) { results = append(results, r) }); err != nil {
		t.Fatal(err)
	}
	return results[3:]
}

// settings are Terraform's defaults, with three APIs to stand for all.
func settings() Settings {
	return Settings{
		Project: "my-project", Region: "us-central1", Zone: "us-central1-b", Preset: "standard", Ingest: "gke", SQLInstance: "pulso", Autopilot: true,
		APIs: []string{"compute.googleapis.com", "container.googleapis.com", "sqladmin.googleapis.com"},
	}
}

// recorded is what gcloud and kubectl print for a project in which all is well, by command.
func recorded(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]any
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}
