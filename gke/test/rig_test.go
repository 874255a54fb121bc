// Package gke_test applies what gke/ has to a real control plane with a real gateway controller, plays its pods with the
// real programs on a private MariaDB, and sends traffic through it: `make test-gke`.
package gke_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pulso-lab/pulso/gke/test/cluster"
	"github.com/pulso-lab/pulso/gke/test/manifests"
	"github.com/pulso-lab/pulso/internal/mariadb"
)

const (
	namespace   = "so1-fase2"
	project     = manifests.Project
	database    = "/database" // the socket of the database, in every pod
	ingestToken = "la llave de ingreso"
	socketToken = "la llave de lectura"
	entry       = "http://" + cluster.GatewayAddress
)

func TestMain(m *testing.M) { os.Exit(cluster.Isolated(m.Run)) }

// rig is the cluster, what its pods need, and a client's means.
type rig struct {
	*testing.T
	cluster *cluster.Cluster
	root    string // of the checkout
	dir     string // for logs and files of this test
	server  *mariadb.Server
	db      *sql.DB // of the server, as root
	told    *ledger
	ctx     context.Context // of the step, or nil
}

// Context ends with the step, at the latest when its time is over.
func (r *rig) Context() context.Context {
	if r.ctx != nil {
		return r.ctx
	}
	return r.T.Context()
}

// newRig starts everything but what gke/ brings. The logs stay in .pulso/gke-… when the test fails.
func newRig(t *testing.T) *rig {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, root: root}
	r.check(os.MkdirAll(filepath.Join(root, ".pulso"), 0o755))
	r.dir, err = os.MkdirTemp(filepath.Join(root, ".pulso"), "gke-") //nolint:usetesting // it stays when the test fails
	r.check(err)
	r.check(os.Chmod(r.dir, 0o755)) // pods' users must get to their roots
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the logs are in", r.dir)
			return
		}
		if err := os.RemoveAll(r.dir); err != nil {
			t.Error(err)
		}
	})
	for _, sub := range []string{"control", "pods"} {
		r.check(os.MkdirAll(filepath.Join(r.dir, sub), 0o755))
	}
	r.server, err = mariadb.Start(t.Context(), filepath.Join(r.dir, "db"), filepath.Join(r.dir, "mariadb.log"))
	r.check(err)
	t.Cleanup(func() { r.check(r.server.Stop()) })
	r.prepareDatabase()
	crds, err := manifests.CRDs(t.Context())
	r.check(err)
	r.cluster, err = cluster.Start(t.Context(), cluster.Config{
		Programs: filepath.Join(root, "bin", "gke"), Dir: filepath.Join(r.dir, "control"), CRDs: crds,
		Pods: cluster.Pods{
			Dir: filepath.Join(r.dir, "pods"),
			Program: func(image string) string {
				name, _, _ := strings.Cut(path.Base(image), ":")
				return filepath.Join(root, "bin", name)
			},
			Environment: fromCloudSQL,
			Files:       map[string]string{database: r.address()},
			Secrets: map[string]string{
				"projects/" + project + "/secrets/pulso-ingest-token/versions/latest": ingestToken,
				"projects/" + project + "/secrets/pulso-socket-token/versions/latest": socketToken,
			},
		},
	})
	r.check(err)
	t.Cleanup(r.cluster.Stop)
	return r
}

// fromCloudSQL has a pod use the private MariaDB, as the user whom its manifest names, instead of Cloud SQL.
func fromCloudSQL(environment map[string]string) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "unix", database
	config.User, config.DBName = environment["PULSO_DB_USER"], environment["PULSO_DB_NAME"]
	maps.DeleteFunc(environment, func(name, _ string) bool {
		return strings.HasPrefix(name, "PULSO_CLOUDSQL_") || slices.Contains([]string{"PULSO_DB_USER", "PULSO_DB_NAME"}, name)
	})
	environment["PULSO_DB_DSN"] = config.FormatDSN()
}

func (r *rig) address() string {
	config, err := mysql.ParseDSN(r.server.DSN(""))
	r.check(err)
	return config.Addr
}

// prepareDatabase makes what Terraform makes: the database, its size, and users without rights.
func (r *rig) prepareDatabase() {
	r.check(r.server.Create(r.Context(), "pulso"))
	db, err := sql.Open("mysql", r.server.DSN("pulso"))
	r.check(err)
	r.db = db
	r.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{
		"SET GLOBAL max_connections = 500",
		"CREATE USER 'pulso-api1'@'%'", "CREATE USER 'pulso-api2'@'%'", "CREATE USER 'pulso-socket'@'%'",
		"CREATE USER 'pulso-migrator'@'%'", "GRANT ALL ON *.* TO 'pulso-migrator'@'%' WITH GRANT OPTION",
	} {
		r.execute(statement)
	}
}

// check ends the test on an error.
func (r *rig) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// apply applies gke/ as a clone has it, with the one substitution that its README names, and these components.
func (r *rig) apply(components ...string) {
	r.Helper()
	r.kubectl("apply", "-k", r.clone(components...))
}

// clone is a folder that has gke/ so.
func (r *rig) clone(components ...string) string {
	r.Helper()
	dir := r.TempDir()
	r.check(manifests.Clone("..", dir, components...))
	return dir
}

// kubectl returns what a command prints that must succeed.
func (r *rig) kubectl(arguments ...string) string {
	r.Helper()
	output, err := r.cluster.Kubectl(r.Context(), "", arguments...)
	r.check(err)
	return output
}

// documented runs a command as the documentation has it, in a shell, and returns what it prints.
func (r *rig) documented(command string) string {
	r.Helper()
	for _, page := range []string{"docs/operations.md", "gke/README.md"} {
		content, err := os.ReadFile(filepath.Join(r.root, page))
		r.check(err)
		if strings.Contains(string(content), command) {
			output, err := r.cluster.Shell(r.Context(), r.root, command)
			r.check(err)
			return output
		}
	}
	r.Fatalf("no page says: %s", command)
	return ""
}

// rolled returns when all Deployments are as they should be.
func (r *rig) rolled() {
	r.Helper()
	for _, name := range []string{"api1", "api2", "socket"} {
		if _, err := r.cluster.Kubectl(r.Context(), "", "rollout", "status", "-n", namespace, "deployment/"+name, "--timeout=90s"); err != nil {
			r.Fatalf("%s\n%s\n%v", err, r.kubectl("get", "pods", "-n", namespace, "-o", "wide"), r.cluster.Node.Err())
		}
	}
	r.check(r.cluster.Node.Err())
}

// quiet looks into the pods' logs: once the migrator has done its work, and nothing is broken on purpose, nobody complains.
// It finds what no client notices at once, such as a right that is missing.
func (r *rig) quiet() {
	r.Helper()
	const settled = 5 * time.Second // who was refused before may say so until it has tried again
	done, err := time.Parse(time.RFC3339, r.kubectl("get", "job", "migrator-latest", "-n", namespace, "-o", "jsonpath={.status.completionTime}"))
	r.check(err)
	logs, err := filepath.Glob(filepath.Join(r.dir, "pods", "*.log"))
	r.check(err)
	for _, log := range logs {
		content, err := os.ReadFile(log)
		r.check(err)
		for line := range strings.Lines(string(content)) {
			var said struct {
				Severity string
				Time     time.Time
			}
			if err := json.Unmarshal([]byte(line), &said); err != nil || said.Severity != "INFO" && said.Time.After(done.Add(settled)) {
				r.Errorf("%s: %s", filepath.Base(log), line)
			}
		}
	}
}

// eventually returns when what is asked is true, and ends the test when it is not in time.
func (r *rig) eventually(patience time.Duration, what string, ask func() (bool, string)) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	for {
		is, found := ask()
		if is {
			return
		}
		select {
		case <-ctx.Done():
			r.Fatalf("after %s it is not so that %s: %s", patience, what, found)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// execute runs a statement as root.
func (r *rig) execute(statement string) {
	r.Helper()
	_, err := r.db.ExecContext(r.Context(), statement)
	r.check(err)
}

// rows counts the rows over an id, by route.
func (r *rig) rows(after int64) map[string]int {
	r.Helper()
	rows, err := r.db.QueryContext(r.Context(), "SELECT api, COUNT(*) FROM samples WHERE id > ? GROUP BY api", after)
	r.check(err)
	defer func() { _ = rows.Close() }()
	counts := map[string]int{}
	for rows.Next() {
		var api string
		var n int
		r.check(rows.Scan(&api, &n))
		counts[api] = n
	}
	r.check(rows.Err())
	return counts
}

// account holds what was acknowledged against the rows over an id: every one is there, once, and no other but for requests
// whose clients gave up without an answer.
func (r *rig) account(after int64) {
	r.Helper()
	rows, err := r.db.QueryContext(r.Context(), "SELECT id FROM samples WHERE id > ?", after)
	r.check(err)
	defer func() { _ = rows.Close() }()
	stored := map[int64]bool{}
	for rows.Next() {
		var id int64
		r.check(rows.Scan(&id))
		stored[id] = true
	}
	r.check(rows.Err())
	named := map[int64]bool{}
	for _, id := range r.told.ids {
		named[id] = true
		if !stored[id] {
			r.Errorf("row %d was acknowledged and is not there", id)
		}
	}
	if len(named) != len(r.told.ids) {
		r.Errorf("%d requests were acknowledged with %d different ids", len(r.told.ids), len(named))
	}
	if others := len(stored) - len(named); others < 0 || others > r.told.unknown {
		r.Errorf("%d rows are there, %d were acknowledged, and of %d requests nobody knows", len(stored), len(named), r.told.unknown)
	}
}

// last is the highest id.
func (r *rig) last() int64 {
	r.Helper()
	var id int64
	r.check(r.db.QueryRowContext(r.Context(), "SELECT COALESCE(MAX(id), 0) FROM samples").Scan(&id))
	return id
}
