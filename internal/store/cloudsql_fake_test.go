package store_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/cloudsqlconn"
	"github.com/go-sql-driver/mysql"
	"golang.org/x/oauth2"
	"golang.org/x/sys/unix"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

const (
	project, region, instance = "pulso-lab", "us-central1", "pulso"
	privateIP, publicIP       = "10.20.0.5", "203.0.113.7"
	apiToken, loginToken      = "api-geheim", "login-geheim"
)

// clientKey is made once: an RSA key takes its time.
var clientKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// cloud stands for Google Cloud: the SQL Admin API, and an instance's proxy before the database of a test, which lets
// in who shows a certificate of this API that is valid and was made for the login token.
type cloud struct {
	t        *testing.T
	db       *sql.DB // not by this way
	database string  // the path of its socket
	user     string  // of the database, without a password
	name     string  // of the database
	api      *httptest.Server
	proxy    net.Listener
	clients  authority // signs ephemeral certificates

	mu       sync.Mutex
	server   authority // signs the proxy's certificate
	subject  string    // of the proxy's certificate
	accepts  string    // the login token that the instance takes
	lifetime time.Duration
	ahead    time.Duration // of this clock to the client's
	status   int           // of every answer of the API, where it is not 0
	hang     chan struct{} // the API answers when it is closed, where it is not nil
	calls    chan struct{} // one for each call that hangs
	issued   int           // certificates
	refused  []string      // why the proxy sent connections away
	links    []*tls.Conn   // of clients that were let in
	sockets  []net.Conn    // their other ends
	dialed   []string      // addresses
}

func newCloud(t *testing.T, between func(statement string) storetest.Fate) *cloud {
	t.Helper()
	dsn := storetest.DSN(t)
	if err := storetest.Open(t, dsn).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	way := dsn
	if between != nil {
		way = storetest.Between(t, dsn, between)
	}
	config, err := mysql.ParseDSN(way)
	if err != nil {
		t.Fatal(err)
	}
	f := &cloud{
		t: t, database: config.Addr, name: config.DBName, user: "iam_" + config.DBName,
		clients: newAuthority(t), server: newAuthority(t), subject: project + ":" + instance,
		accepts: loginToken, lifetime: time.Hour, calls: make(chan struct{}, 100),
	}
	f.db = storetest.Plain(t, dsn)
	for _, statement := range []string{"CREATE USER %[1]s@localhost", "GRANT SELECT, INSERT ON %[2]s.* TO %[1]s@localhost"} {
		if _, err := f.db.ExecContext(t.Context(), fmt.Sprintf(statement, f.user, f.name)); err != nil {
			t.Fatal(err)
		}
	}
	f.serve()
	return f
}

func (f *cloud) serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sql/v1beta4/projects/{project}/instances/{instance}/connectSettings", f.connectSettings)
	mux.HandleFunc("POST /sql/v1beta4/projects/{project}/instances/{call}", f.generateEphemeralCert)
	f.api = httptest.NewServer(f.guard(mux))
	var listen net.ListenConfig
	var err error
	if f.proxy, err = listen.Listen(f.t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		f.t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := f.proxy.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { f.join(conn) })
		}
	})
	f.t.Cleanup(func() {
		_ = f.proxy.Close()
		f.cut(func(link *tls.Conn) { _ = link.NetConn().Close() })
		serving.Wait()
		f.api.Close()
	})
}

// guard asks who calls, and is in the mood that a test wants.
func (f *cloud) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		status, hang := f.status, f.hang
		f.mu.Unlock()
		if hang != nil {
			f.calls <- struct{}{}
			<-hang
		}
		if r.Header.Get("Authorization") != "Bearer "+apiToken {
			status = http.StatusUnauthorized
		}
		if status != 0 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error": {"code": %d, "message": "the API says no"}}`, status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (f *cloud) connectSettings(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("project") != project || r.PathValue("instance") != instance {
		http.NotFound(w, r)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{
		"region": region, "backendType": "SECOND_GEN", "databaseVersion": "MYSQL_8_4",
		"ipAddresses":  []map[string]string{{"type": "PRIMARY", "ipAddress": publicIP}, {"type": "PRIVATE", "ipAddress": privateIP}},
		"serverCaCert": map[string]string{"cert": encodePEM(f.server.cert.Raw)},
	})
}

// generateEphemeralCert writes the token's digest into the certificate.
func (f *cloud) generateEphemeralCert(w http.ResponseWriter, r *http.Request) {
	var request struct {
		PublicKey   string `json:"public_key"`
		AccessToken string `json:"access_token"`
	}
	if r.PathValue("call") != instance+":generateEphemeralCert" || json.NewDecoder(r.Body).Decode(&request) != nil {
		http.NotFound(w, r)
		return
	}
	block, _ := pem.Decode([]byte(request.PublicKey))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.issued++
	cert := f.clients.sign(f.t, digest(request.AccessToken), key, f.now().Add(f.lifetime))
	_ = json.NewEncoder(w).Encode(map[string]any{"ephemeralCert": map[string]string{"cert": encodePEM(cert)}})
}

// join is the instance's proxy, for one connection.
func (f *cloud) join(conn net.Conn) {
	defer conn.Close()
	f.mu.Lock()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.t.Error(err)
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{f.server.sign(f.t, f.subject, &key.PublicKey, f.now().Add(time.Hour))}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: f.clients.pool(), MinVersion: tls.VersionTLS13,
		Time: func() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.now() },
	}
	f.mu.Unlock()
	client := tls.Server(conn, config)
	if err := client.HandshakeContext(f.t.Context()); err != nil {
		f.refuse(err.Error())
		return
	}
	f.mu.Lock()
	welcome := client.ConnectionState().PeerCertificates[0].Subject.CommonName == digest(f.accepts)
	if welcome {
		f.links = append(f.links, client)
	}
	f.mu.Unlock()
	if !welcome {
		f.refuse("token")
		_, _ = client.Write(mysqlError(1045, "Access denied for user '"+f.user+"'"))
		_ = client.Close()
		return
	}
	database, err := net.Dial("unix", f.database)
	if err != nil {
		f.t.Error(err)
		return
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(client, database)
		_ = conn.Close()
	}()
	_, _ = io.Copy(database, client)
	_ = database.Close()
	<-answered
}

func (f *cloud) refuse(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = append(f.refused, why)
}

// now is this side's time; f.mu is held.
func (f *cloud) now() time.Time { return time.Now().Add(f.ahead) }

// set changes something under the lock.
func (f *cloud) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// cut ends all connections in a way, and says how many there were.
func (f *cloud) cut(how func(*tls.Conn)) int {
	f.mu.Lock()
	links := f.links
	f.links = nil
	f.mu.Unlock()
	for _, link := range links {
		how(link)
	}
	return len(links)
}

// awaitNews waits until every socket of the client's has something to tell.
func (f *cloud) awaitNews() {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sockets {
		awaitReadable(f.t, s)
	}
	f.sockets = nil
}

func awaitReadable(t *testing.T, conn net.Conn) {
	t.Helper()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 5000)
		if n != 1 || err != nil {
			t.Errorf("nothing arrived: %d, %v", n, err)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// dial leads every address to the proxy.
func (f *cloud) dial(ctx context.Context, network, address string) (net.Conn, error) {
	f.set(func() { f.dialed = append(f.dialed, address) })
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, f.proxy.Addr().String())
	if err == nil {
		f.set(func() { f.sockets = append(f.sockets, conn) })
	}
	return conn, err
}

// env is the environment of a service in this cloud, with changes.
func (f *cloud) env(more ...string) environment {
	env := environment{
		"PULSO_CLOUDSQL_INSTANCE": project + ":" + region + ":" + instance, "PULSO_DB_USER": f.user, "PULSO_DB_NAME": f.name, "PULSO_DB_POOL": "3",
	}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

// open is a store of a service whose account has the login token.
func (f *cloud) open(token oauth2.TokenSource, more ...string) *store.Store {
	f.t.Helper()
	config, err := configure(f.env(more...))
	if err != nil {
		f.t.Fatal(err)
	}
	config.Redirect(f.dial, cloudsqlconn.WithAdminAPIEndpoint(f.api.URL), cloudsqlconn.WithRSAKey(clientKey()),
		cloudsqlconn.WithIAMAuthNTokenSources(fresh(apiToken), token))
	s, err := config.Open(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return s
}

func fresh(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token, Expiry: time.Now().Add(time.Hour)})
}

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: rand.Text()}, NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return authority{key, cert}
}

func (a authority) sign(t *testing.T, name string, key any, notAfter time.Time) []byte {
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: notAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, a.cert, key, a.key)
	if err != nil {
		t.Error(err)
	}
	return raw
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func encodePEM(cert []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
}

func digest(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token)))[:60] }

// mysqlError is a server's first and last packet.
func mysqlError(number uint16, message string) []byte {
	var packet bytes.Buffer
	packet.Write([]byte{byte(len(message) + 3), 0, 0, 0, 0xff, byte(number), byte(number >> 8)})
	packet.WriteString(message)
	return packet.Bytes()
}

// environment is a program's variables.
type environment map[string]string

func (e environment) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// showsSecret says whether an error holds one of the tokens or passwords of these tests.
func showsSecret(err error) bool {
	return err != nil && strings.Contains(err.Error(), "geheim")
}
