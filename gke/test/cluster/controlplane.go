package cluster

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// The control plane's own addresses, in its own namespace.
const (
	etcdURL      = "http://127.0.0.1:2379"
	etcdPeerURL  = "http://127.0.0.1:2380"
	apiServerURL = "https://" + machineAddress + ":6443"
)

// controlPlane is etcd, kube-apiserver and kube-controller-manager.
type controlPlane struct {
	token      string // of an administrator
	ca         string // file of the API server's certificate
	kubeconfig string // file for kubectl
	server     *process
	processes  []*process // all of them
}

// startControlPlane starts the programs of a folder; they keep what they know in dir.
func startControlPlane(ctx context.Context, programs, dir string) (_ *controlPlane, err error) {
	c := &controlPlane{
		token: rand.Text(), ca: filepath.Join(dir, "tls", "apiserver.crt"), kubeconfig: filepath.Join(dir, "kubeconfig"),
	}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	key, tokens := filepath.Join(dir, "service-accounts.pem"), filepath.Join(dir, "tokens.csv")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	if err := os.WriteFile(tokens, []byte(c.token+",admin,admin,system:masters\n"), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.kubeconfig, []byte(c.config()), 0o600); err != nil {
		return nil, err
	}
	etcd, err := c.start(dir, filepath.Join(programs, "etcd"),
		"--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync", // it lives as long as the test
		"--listen-client-urls="+etcdURL, "--advertise-client-urls="+etcdURL,
		"--listen-peer-urls="+etcdPeerURL, "--initial-advertise-peer-urls="+etcdPeerURL, "--initial-cluster=default="+etcdPeerURL)
	if err != nil {
		return nil, err
	}
	if err := etcd.await(ctx, get(http.DefaultClient, etcdURL+"/health", "")); err != nil {
		return nil, err
	}
	c.server, err = c.start(dir, filepath.Join(programs, "kube-apiserver"),
		"--etcd-servers="+etcdURL, "--bind-address="+machineAddress, "--advertise-address="+machineAddress, "--secure-port=6443",
		"--endpoint-reconciler-type=none", "--cert-dir="+filepath.Dir(c.ca), "--token-auth-file="+tokens, "--authorization-mode=RBAC",
		"--service-account-issuer="+apiServerURL, "--service-account-signing-key-file="+key, "--service-account-key-file="+key,
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged") // as Google's: it is up to Pod Security
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // before its certificate is there
	if err := c.server.await(ctx, get(client, apiServerURL+"/readyz", c.token)); err != nil {
		return nil, err
	}
	client.CloseIdleConnections()
	_, err = c.start(dir, filepath.Join(programs, "kube-controller-manager"),
		"--kubeconfig="+c.kubeconfig, "--leader-elect=false", "--service-account-private-key-file="+key,
		// No node of this cluster says that it is alive, and nobody may take its pods for lost.
		"--controllers=*,-node-lifecycle-controller,-taint-eviction-controller,-pod-garbage-collector-controller",
		"--horizontal-pod-autoscaler-sync-period=1s") // the smallest size is its doing, too
	return c, err
}

func (c *controlPlane) start(dir, path string, arguments ...string) (*process, error) {
	p, err := start(dir, path, arguments...)
	if err == nil {
		c.processes = append(c.processes, p)
	}
	return p, err
}

func (c *controlPlane) stop() {
	for i := len(c.processes) - 1; i >= 0; i-- {
		c.processes[i].stop()
	}
}

func (c *controlPlane) client() (*kubernetes.Clientset, error) {
	return kubernetes.NewForConfig(&rest.Config{
		Host: apiServerURL, BearerToken: c.token, TLSClientConfig: rest.TLSClientConfig{CAFile: c.ca}, QPS: -1, // nobody else asks
	})
}

func (c *controlPlane) config() string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: admin}}]
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {token: %q}}]
`, apiServerURL, c.ca, c.token)
}

// get makes a question of a GET that is answered by 200.
func get(client *http.Client, url, token string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, answer.Status)
		}
		return nil
	}
}

func writeKey(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600)
}
