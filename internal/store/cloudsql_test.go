package store_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// configure reads a configuration as every service does.
func configure(e environment) (store.Config, error) {
	env := service.NewEnv(e.lookup)
	config := store.FromEnv(env, 4)
	return config, env.Err()
}

func one(t *testing.T) store.Request {
	t.Helper()
	return store.Request{API: "api1", Samples: recording(t)[:1], Recibido: received}
}

// insert stores a request, and says so when it cannot.
func insert(t *testing.T, s *store.Store) {
	t.Helper()
	if _, err := s.Insert(t.Context(), one(t)); err != nil {
		t.Errorf("insert: %v", err)
	}
}

// insertTogether stores n requests on as many connections, so that the pool has as many idle ones afterwards.
func insertTogether(t *testing.T, s *store.Store, n int) {
	t.Helper()
	conns := make([]*store.Conn, n)
	for i := range conns {
		var err error
		if conns[i], err = s.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		if outcome := conn.Insert(t.Context(), []store.Request{one(t)})[0]; outcome.Err != nil {
			t.Error(outcome.Err)
		}
		conn.Close()
	}
}

func wantRows(t *testing.T, s *store.Store, want int) {
	t.Helper()
	if rows, err := s.RowsAfter(t.Context(), 0, nil, 1000); err != nil || len(rows) != want {
		t.Errorf("%d rows, %v; want %d", len(rows), err, want)
	}
}

func TestCloudSQLStoresAndReads(t *testing.T) {
	for ip, address := range map[string]string{"": privateIP + ":3307", "private": privateIP + ":3307", "public": publicIP + ":3307"} {
		t.Run("by the "+ip+" address", func(t *testing.T) {
			f := newCloud(t, nil)
			s := f.open(fresh(loginToken), "PULSO_CLOUDSQL_IP", ip)
			insertTogether(t, s, 3)
			wantRows(t, s, 3)
			var sessions int
			row := f.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.processlist WHERE user = ?", f.user)
			if err := row.Scan(&sessions); err != nil || sessions != 3 {
				t.Errorf("%d sessions of %s, %v; want 3", sessions, f.user, err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if want := []string{address, address, address}; !slices.Equal(f.dialed, want) || f.issued != 1 {
				t.Errorf("dialed %v with %d certificates, want %v with one", f.dialed, f.issued, want)
			}
		})
	}
}

func TestCloudSQLWantsTheLoginToken(t *testing.T) {
	for name, token := range map[string]oauth2.TokenSource{
		"another": fresh("another-geheim"),
		"empty":   fresh(""),
		"the API": fresh(apiToken),
	} {
		t.Run(name, func(t *testing.T) {
			f := newCloud(t, nil)
			_, err := f.open(token).Insert(t.Context(), one(t))
			if !errors.Is(err, store.ErrNotStored) || showsSecret(err) || !strings.Contains(err.Error(), "roles/cloudsql.instanceUser") {
				t.Errorf("%v: want ErrNotStored and what to grant", err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if !slices.Contains(f.refused, "token") {
				t.Errorf("the proxy sent nobody away for the token: %v", f.refused)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		_, err := newCloud(t, nil).open(noToken{}).Insert(t.Context(), one(t))
		if !errors.Is(err, store.ErrNotStored) || !strings.Contains(err.Error(), "no metadata server") {
			t.Errorf("%v: want ErrNotStored and the cause", err)
		}
	})
}

type noToken struct{}

func (noToken) Token() (*oauth2.Token, error) { return nil, errors.New("no metadata server") }

// A certificate that expires within four minutes is not used again: the connector's margin is no shorter.
func TestACertificateThatExpiresIsReplaced(t *testing.T) {
	f := newCloud(t, nil)
	f.lifetime = 2 * time.Second
	s := f.open(fresh(loginToken))
	insert(t, s)
	f.set(func() { f.ahead, f.lifetime = time.Minute, time.Hour }) // for the proxy the certificate is long out of date
	insert(t, s)                                                   // on the connection that is open
	if n := f.cut(func(link *tls.Conn) { _ = link.Close() }); n != 1 {
		t.Fatalf("%d connections", n)
	}
	insert(t, s)
	wantRows(t, s, 3)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.issued != 2 || len(f.refused) != 0 {
		t.Errorf("%d certificates, refused %v; want a second one in time", f.issued, f.refused)
	}
}

// What the connector has kept may be of no use for a reason that it cannot know.
func TestWhatIsOutOfDateIsAskedForAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*cloud)
		refusal string
	}{
		"a certificate that the proxy calls expired": {func(f *cloud) { f.ahead = 2 * time.Hour }, "expired"},
		"a server with another authority":            {func(f *cloud) { f.server = newAuthority(f.t) }, "bad certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newCloud(t, nil)
			s := f.open(fresh(loginToken))
			insert(t, s)
			f.set(func() { tt.change(f) })
			f.cut(func(link *tls.Conn) { _ = link.Close() })
			f.awaitNews()
			insert(t, s)
			wantRows(t, s, 2)
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.issued != 2 || len(f.refused) != 1 || !strings.Contains(f.refused[0], tt.refusal) {
				t.Errorf("%d certificates, refused %v; want two and %q", f.issued, f.refused, tt.refusal)
			}
		})
	}
}

func TestAConnectionThatTheProxyCutsIdleIsNoError(t *testing.T) {
	for name, how := range map[string]func(*tls.Conn){
		"FIN": func(link *tls.Conn) { _ = link.NetConn().Close() },
		"RST": func(link *tls.Conn) {
			_ = link.NetConn().(*net.TCPConn).SetLinger(0)
			_ = link.NetConn().Close()
		},
		"close_notify":         func(link *tls.Conn) { _ = link.CloseWrite() },
		"close_notify and FIN": func(link *tls.Conn) { _ = link.Close() },
		"a last word":          func(link *tls.Conn) { _, _ = link.Write(mysqlError(4031, "too long idle")) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newCloud(t, nil)
			s := f.open(fresh(loginToken))
			insertTogether(t, s, 3)
			if n := f.cut(how); n != 3 {
				t.Fatalf("%d connections were cut, want 3", n)
			}
			f.awaitNews()
			insertTogether(t, s, 3)
			wantRows(t, s, 6)
		})
	}
}

func TestAConnectionThatIsCutInAnInsertLeavesItUnknown(t *testing.T) {
	c := &cutter{}
	f := newCloud(t, c.hears)
	s := f.open(fresh(loginToken))
	insert(t, s)
	c.cut("INSERT INTO samples", after)
	if _, err := s.Insert(t.Context(), one(t)); err == nil || errors.Is(err, store.ErrNotStored) {
		t.Errorf("%v: want an error that is not ErrNotStored", err)
	}
	wantRows(t, s, 2) // once, and not again
}

func TestCloudSQLSaysWhatToGrant(t *testing.T) {
	f := newCloud(t, nil)
	f.status = http.StatusForbidden
	_, err := f.open(fresh(loginToken)).Insert(t.Context(), one(t))
	if !errors.Is(err, store.ErrNotStored) || showsSecret(err) {
		t.Errorf("%v: want ErrNotStored", err)
	}
	for _, want := range []string{"the API says no", "roles/cloudsql.client", "roles/cloudsql.instanceUser", "PULSO_DB_USER"} {
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestCloudSQLIsAway(t *testing.T) {
	t.Run("the API does not listen", func(t *testing.T) {
		f := newCloud(t, nil)
		f.api.Close()
		_, err := f.open(fresh(loginToken)).Insert(t.Context(), one(t))
		if !errors.Is(err, store.ErrNotStored) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%v: want ErrNotStored, refused", err)
		}
	})
	t.Run("another server answers", func(t *testing.T) {
		f := newCloud(t, nil)
		f.subject = project + ":another"
		_, err := f.open(fresh(loginToken)).Insert(t.Context(), one(t))
		if !errors.Is(err, store.ErrNotStored) || !strings.Contains(err.Error(), "another") {
			t.Errorf("%v: want ErrNotStored and the name", err)
		}
	})
	t.Run("and comes back", func(t *testing.T) {
		f := newCloud(t, nil)
		f.status = http.StatusForbidden
		s := f.open(fresh(loginToken))
		if _, err := s.Insert(t.Context(), one(t)); err == nil {
			t.Error("it is not away")
		}
		f.set(func() { f.status = 0 })
		insert(t, s)
	})
}

// Who waits behind somebody else's refresh gives up at his own time, and what came too late for all serves the next.
func TestCloudSQLHoldsNobodyBeyondHisTime(t *testing.T) {
	f := newCloud(t, nil)
	f.hang = make(chan struct{})
	s := f.open(fresh(loginToken))
	patient, stop := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	waiting.Go(func() { _, _ = s.Insert(patient, one(t)) })
	<-f.calls
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := s.Insert(hurried, one(t))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if !errors.Is(err, store.ErrNotStored) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "sqladmin.googleapis.com") {
		t.Errorf("%v: want ErrNotStored in time, and where to look", err)
	}
	stop()
	waiting.Wait()
	f.set(func() { close(f.hang); f.hang = nil })
	insert(t, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.issued != 1 {
		t.Errorf("%d certificates: the one that came late was thrown away", f.issued)
	}
}

func TestAClosedCloudStoreConnectsNoMore(t *testing.T) {
	f := newCloud(t, nil)
	f.hang = make(chan struct{})
	s := f.open(fresh(loginToken))
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := s.Insert(t.Context(), one(t)); err == nil {
			t.Error("a store that was closed connected")
		}
	})
	<-f.calls
	began := time.Now()
	if err := s.Close(); err != nil || time.Since(began) > 3*time.Second {
		t.Errorf("Close took %s, %v", time.Since(began), err)
	}
	waiting.Wait()
	f.set(func() { close(f.hang); f.hang = nil })
}

func TestALivingConnectionIsNotTakenForADeadOne(t *testing.T) {
	authority := newAuthority(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	tcp, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	// A client with a cache is sent a session ticket, and one that was asked for a certificate after all else: it lies in
	// the socket until somebody reads.
	server := tls.Server(accepted, &tls.Config{ClientAuth: tls.RequestClientCert, Certificates: []tls.Certificate{{
		Certificate: [][]byte{authority.sign(t, "server", &key.PublicKey, time.Now().Add(time.Hour))}, PrivateKey: key,
	}}})
	client, err := store.Checked(tcp, &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(1)})
	if err != nil {
		t.Fatal(err)
	}
	check := func() error { _, err := client.(syscall.Conn).SyscallConn(); return err }
	say := func(from, to net.Conn) {
		t.Helper()
		got := make([]byte, 5)
		if _, err := from.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		if _, err := to.Read(got); err != nil || string(got) != "hello" {
			t.Errorf("%q, %v", got, err)
		}
	}
	var shaken sync.WaitGroup
	shaken.Go(func() {
		if err := server.HandshakeContext(t.Context()); err != nil {
			t.Error(err)
		}
	})
	say(client, server) // its first Write is the handshake
	shaken.Wait()
	awaitReadable(t, tcp)
	for range 3 {
		if err := check(); err != nil {
			t.Errorf("a living connection counts as dead: %v", err)
		}
	}
	say(client, server)
	say(server, client)
	if err := check(); err != nil {
		t.Error(err)
	}
	if err := server.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	awaitReadable(t, tcp)
	if err := check(); err == nil {
		t.Error("a connection that was closed counts as alive")
	}
}

func TestConfigurationOfTheDatabase(t *testing.T) {
	icn := "pulso-lab:us-central1:pulso"
	for name, tt := range map[string]struct {
		env  environment
		want []string // in the error; none without
	}{
		"a DSN":              {environment{"PULSO_DB_DSN": "u:geheim@tcp(h:1)/db"}, nil},
		"an instance":        {environment{"PULSO_CLOUDSQL_INSTANCE": icn, "PULSO_DB_USER": "api1"}, nil},
		"a domain's project": {environment{"PULSO_CLOUDSQL_INSTANCE": "example.com:" + icn, "PULSO_DB_USER": "api1"}, nil},
		"neither":            {environment{}, []string{"PULSO_DB_DSN", "PULSO_CLOUDSQL_INSTANCE"}},
		"both": {
			environment{"PULSO_DB_DSN": "u:geheim@tcp(h:1)/db", "PULSO_CLOUDSQL_INSTANCE": icn, "PULSO_DB_USER": "api1"},
			[]string{"PULSO_DB_DSN", "PULSO_CLOUDSQL_INSTANCE"},
		},
		"a wrong DSN": {environment{"PULSO_DB_DSN": "u:geheim@"}, []string{"PULSO_DB_DSN"}},
		"three faults": {
			environment{"PULSO_CLOUDSQL_INSTANCE": "pulso", "PULSO_CLOUDSQL_IP": "secret"},
			[]string{"PULSO_CLOUDSQL_INSTANCE", "PULSO_DB_USER", "PULSO_CLOUDSQL_IP"},
		},
		"a whole address": {
			environment{"PULSO_CLOUDSQL_INSTANCE": icn, "PULSO_DB_USER": "api1@pulso-lab.iam.gserviceaccount.com"}, []string{"PULSO_DB_USER", "before the @"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := configure(tt.env)
			if (err != nil) != (tt.want != nil) || showsSecret(err) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not name %s", err, want)
				}
			}
		})
	}
}

func TestLockWaitIsTheSessions(t *testing.T) {
	dsn := storetest.DSN(t)
	config, err := configure(environment{"PULSO_DB_DSN": dsn, "PULSO_MIGRATE": "on"})
	if err != nil || config.LockWait != 5*time.Second {
		t.Fatalf("%s, %v", config.LockWait, err)
	}
	config.LockWait = time.Second
	s, err := config.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	tx, err := storetest.Plain(t, dsn).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO requests VALUES ('held', '', 'api1', '[1]', NOW())"); err != nil {
		t.Fatal(err)
	}
	request := one(t)
	request.Key = "held"
	began := time.Now()
	if _, err := s.Insert(t.Context(), request); !errors.Is(err, store.ErrNotStored) {
		t.Errorf("%v, want ErrNotStored", err)
	}
	if took := time.Since(began); took < 900*time.Millisecond || took > 4*time.Second {
		t.Errorf("it waited %s for the row, want a second", took)
	}
}
