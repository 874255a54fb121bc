package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/cloudsqlconn"
	"cloud.google.com/go/cloudsqlconn/errtype"
	"github.com/go-sql-driver/mysql"
	"google.golang.org/api/googleapi"
)

// cloudTimeout bounds the opening of one connection to Cloud SQL. It is more than any caller waits: a certificate that
// comes late serves the next one.
const cloudTimeout = 10 * time.Second

// cloudNet is the driver's word for the way to Cloud SQL.
const cloudNet = "cloudsql"

// cloudSQL is a Cloud SQL instance. Who may connect, and as whom, is IAM's affair: there is no password.
type cloudSQL struct {
	instance string // project:region:instance
	user     string
	database string
	public   bool // by its public address
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	options  []cloudsqlconn.Option // besides those that it always has
}

// A project of an organization's domain has a colon of its own.
var instanceName = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]+$`)

func cloudSQLFromEnv(env Env, instance string) *cloudSQL {
	c := &cloudSQL{
		instance: instance,
		user:     env.String("PULSO_DB_USER", ""),
		database: env.String("PULSO_DB_NAME", "pulso"),
		public:   env.OneOf("PULSO_CLOUDSQL_IP", "private", "private", "public") == "public",
		dial:     (&net.Dialer{}).DialContext,
	}
	if !instanceName.MatchString(instance) {
		env.Fault("PULSO_CLOUDSQL_INSTANCE", fmt.Sprintf("is %q: it must be project:region:instance", instance))
	}
	switch {
	case c.user == "":
		env.Fault("PULSO_DB_USER", "is not set: set it to the IAM user of the database, for a service account what is before the @")
	case strings.Contains(c.user, "@"):
		env.Fault("PULSO_DB_USER", fmt.Sprintf("is %q: MySQL knows an IAM user by what is before the @", c.user))
	}
	return c
}

// config is for the driver, which knows nothing of certificates and tokens. The server asks for
// mysql_native_password, which NewConfig allows, and takes any answer: the token came with the certificate.
func (c *cloudSQL) config(d *dialer) *mysql.Config {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = c.user, cloudNet, c.instance, c.database
	config.DialFunc = d.dial
	return config
}

// dialer opens connections to a Cloud SQL instance. The caller must Close it.
type dialer struct {
	cloudSQL  *cloudSQL
	connector *cloudsqlconn.Dialer
	life      context.Context // of what it opens, up to the handshake
	end       context.CancelFunc

	mu    sync.Mutex // dials begin under it, unless life is over
	dials sync.WaitGroup
}

func (c *cloudSQL) newDialer(ctx context.Context) (*dialer, error) {
	route := cloudsqlconn.WithPrivateIP()
	if c.public {
		route = cloudsqlconn.WithPublicIP()
	}
	options := append([]cloudsqlconn.Option{
		cloudsqlconn.WithIAMAuthN(),
		cloudsqlconn.WithDefaultDialOptions(route),
		cloudsqlconn.WithLazyRefresh(), // a function has no CPU between its requests to refresh anything ahead
		// They need a role and an API of their own, and the failure of their export goes to the standard logger.
		cloudsqlconn.WithBuiltInMetrics(false),
	}, c.options...)
	connector, err := cloudsqlconn.NewDialer(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare for Cloud SQL: %w: run as a service account, or set GOOGLE_APPLICATION_CREDENTIALS", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	return &dialer{cloudSQL: c, connector: connector, life: life, end: end}, nil
}

// Close ends what is being opened; connections that are open stay so.
func (d *dialer) Close() error {
	d.mu.Lock()
	d.end()
	d.mu.Unlock()
	d.dials.Wait()
	return d.connector.Close()
}

// dial opens a connection, or gives up with ctx. The connector itself does not: it refreshes a certificate under a lock
// that everybody waits for.
func (d *dialer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	opened := make(chan result)
	d.mu.Lock()
	if d.life.Err() != nil {
		d.mu.Unlock()
		return nil, cloudsqlconn.ErrDialerClosed
	}
	d.dials.Go(func() {
		conn, err := d.open()
		select {
		case opened <- result{conn, err}:
		case <-ctx.Done():
			if err == nil {
				_ = conn.Close()
			}
		}
	})
	d.mu.Unlock()
	select {
	case r := <-opened:
		return r.conn, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no connection to Cloud SQL in time: %w: do sqladmin.googleapis.com and port 3307 of the instance's %s address answer?",
			ctx.Err(), d.cloudSQL.address())
	}
}

func (c *cloudSQL) address() string {
	if c.public {
		return "public"
	}
	return "private"
}

// open opens a connection. Where a certificate or an address turned out to be out of date the connector has forgotten
// it, and a second attempt asks for new ones; nothing of ours was sent by then.
func (d *dialer) open() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.life, cloudTimeout)
	defer cancel()
	conn, err := d.attempt(ctx)
	if _, stale := errors.AsType[*errtype.DialError](err); stale {
		return d.attempt(ctx)
	}
	return conn, err
}

// attempt returns a connection on which the server has begun to speak. A server that refuses a certificate says so only
// after the handshake, in place of its greeting.
func (d *dialer) attempt(ctx context.Context) (net.Conn, error) {
	var tcp *socket
	conn, err := d.connector.Dial(ctx, d.cloudSQL.instance, cloudsqlconn.WithOneOffDialFunc(
		func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := d.cloudSQL.dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			tcp, err = newSocket(conn)
			return tcp, err
		}))
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	greeted := &checked{Conn: conn, tcp: tcp}
	if err := greeted.await(deadline); err != nil {
		_ = conn.Close() // of no use
		return nil, errtype.NewDialError("the server does not greet", d.cloudSQL.instance, err)
	}
	return greeted, nil
}

// accessDenied is ER_ACCESS_DENIED_ERROR.
const accessDenied = 1045

// granted is a connector to Cloud SQL that says what to grant where access is denied.
type granted struct{ driver.Connector }

func (g granted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := g.Connector.Connect(ctx)
	if err == nil {
		return conn, nil
	}
	answer, fromAPI := errors.AsType[*googleapi.Error](err)
	if (fromAPI && answer.Code == http.StatusForbidden) || refused(err, func(e *mysql.MySQLError) bool { return e.Number == accessDenied }) {
		return nil, fmt.Errorf("%w: the account needs roles/cloudsql.client and roles/cloudsql.instanceUser, its project the Cloud SQL Admin API, "+
			"and PULSO_DB_USER must be its user of the database", err)
	}
	return nil, err
}
