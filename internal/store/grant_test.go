package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// use is a method of the store, and what a service does with it.
type use struct {
	method string
	do     func(context.Context, *store.Store) error
}

// ingestUses are all that the ingest functions do with the database.
var ingestUses = []use{
	{"Store.Ping", func(ctx context.Context, s *store.Store) error { return s.Ping(ctx) }},
	{"Store.Insert", func(ctx context.Context, s *store.Store) error {
		for _, r := range []store.Request{request("", 1, 1), request("direct", 2, 1), request("direct", 2, 1)} {
			if _, err := s.Insert(ctx, r); err != nil {
				return err
			}
		}
		return nil
	}},
	{"Store.Conn", func(context.Context, *store.Store) error { return nil }}, // for what follows
	{"Conn.Insert", func(ctx context.Context, s *store.Store) error {
		conn, err := s.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		for range 2 {
			for _, outcome := range conn.Insert(ctx, []store.Request{request("", 10, 40), request("batch", 50, 2), request("direct", 2, 1)}) {
				err = errors.Join(err, outcome.Err)
			}
		}
		return err
	}},
	{"Store.WriteRouteSeconds", func(ctx context.Context, s *store.Store) error {
		seconds := []store.RouteSecond{second("api1", "a", 0, 3), second("api2", "b", 0, 3)}
		return errors.Join(s.WriteRouteSeconds(ctx, seconds), s.WriteRouteSeconds(ctx, seconds))
	}},
	{"Store.InsertRun", insertTwice},
}

func insertTwice(ctx context.Context, s *store.Store) error {
	return errors.Join(s.InsertRun(ctx, someRun(3)), s.InsertRun(ctx, someRun(3)))
}

const keeper = "keeper"

var (
	minuteOf = received.Truncate(time.Minute)
	anHour   = store.Steps{From: minuteOf.Add(-time.Hour).UnixMilli(), To: minuteOf.Add(time.Hour).UnixMilli(), Step: time.Minute.Milliseconds()}
)

// socketUses are all that the socket service does with the database, in an order that works.
var socketUses = []use{
	{"Store.Ping", func(ctx context.Context, s *store.Store) error { return s.Ping(ctx) }},
	{"Store.RowsAfter", func(ctx context.Context, s *store.Store) error {
		return fail(s.RowsAfter(ctx, 2, []store.Range{{From: 1, To: 1}}, 10))
	}},
	{"Store.RowsBetween", func(ctx context.Context, s *store.Store) error { return fail(s.RowsBetween(ctx, 0, 10, 10)) }},
	{"Store.Settled", func(ctx context.Context, s *store.Store) error { return fail(s.Settled(ctx, time.Minute)) }},
	{"Store.Windows", func(ctx context.Context, s *store.Store) error { return fail(s.Windows(ctx, time.Minute, 10, 10)) }},
	{"Store.RouteChanges", func(ctx context.Context, s *store.Store) error { return fail(s.RouteChanges(ctx, noon, 10)) }},
	{"Store.NewestRouteChange", func(ctx context.Context, s *store.Store) error { return fail(s.NewestRouteChange(ctx)) }},
	{"Store.KeepRollups", func(ctx context.Context, s *store.Store) error { return fail(s.KeepRollups(ctx, keeper)) }},
	{"Store.Rollups", func(ctx context.Context, s *store.Store) error { return fail(s.Rollups(ctx)) }},
	{"Store.RollUp", func(ctx context.Context, s *store.Store) error {
		return s.RollUp(ctx, keeper, []store.HostMinute{{Hora: minuteOf}}, 1)
	}},
	{"Store.ChangedRouteMinutes", func(ctx context.Context, s *store.Store) error { return fail(s.ChangedRouteMinutes(ctx, noon)) }},
	{"Store.RollUpRoutes", func(ctx context.Context, s *store.Store) error {
		return s.RollUpRoutes(ctx, keeper, []time.Time{noon}, noon)
	}},
	{"Store.Oldest", func(ctx context.Context, s *store.Store) error {
		for _, table := range []store.Rollup{"", store.ByMinute, store.ByHour} {
			if _, _, err := s.Oldest(ctx, table, ""); err != nil {
				return err
			}
		}
		return nil
	}},
	{"Store.StoredRows", func(ctx context.Context, s *store.Store) error { return fail(s.StoredRows(ctx, anHour)) }},
	{"Store.PastOfSamples", func(ctx context.Context, s *store.Store) error { return fail(s.PastOfSamples(ctx, anHour, 100)) }},
	{"Store.PastOfRollup", func(ctx context.Context, s *store.Store) error {
		return errors.Join(fail(s.PastOfRollup(ctx, store.ByMinute, anHour)), fail(s.PastOfRollup(ctx, store.ByHour, anHour)))
	}},
	{"Store.RoutesBetween", func(ctx context.Context, s *store.Store) error {
		return errors.Join(fail(s.RoutesBetween(ctx, noon, noon.AddDate(0, 0, 3).Add(time.Hour+time.Minute+time.Second), false)),
			fail(s.RoutesBetween(ctx, noon, noon.Add(time.Hour), true)))
	}},
	{"Page.Next", func(ctx context.Context, s *store.Store) error {
		page := store.Page{From: minuteOf, To: minuteOf.Add(time.Hour)}
		return fail(page.Next(ctx, s, 10))
	}},
	{"Store.Sweep", func(context.Context, *store.Store) error { return nil }}, // for what follows
	{"Sweep.Next", func(ctx context.Context, s *store.Store) error {
		sweep := s.Sweep(keep)
		for more := true; more; {
			var err error
			if _, _, more, err = sweep.Next(ctx); err != nil {
				return err
			}
		}
		return nil
	}},
	{"Store.InsertRun", insertTwice},
	{"Store.Runs", func(ctx context.Context, s *store.Store) error { return fail(s.Runs(ctx, 10)) }},
	{"Store.RenameRun", func(ctx context.Context, s *store.Store) error { return fail(s.RenameRun(ctx, someRun(0).ID, "other")) }},
	{"Store.Run", func(ctx context.Context, s *store.Store) error { return fail(s.Run(ctx, someRun(0).ID)) }},
	{"Store.DeleteRun", func(ctx context.Context, s *store.Store) error { return s.DeleteRun(ctx, someRun(0).ID) }},
	{"Store.LeaveRollups", func(ctx context.Context, s *store.Store) error { return s.LeaveRollups(ctx, keeper) }},
}

func fail[T any](_ T, err error) error { return err }

// unused are the methods that need no right, or more than a service has.
var unused = []string{"Store.Close", "Conn.Close", "Store.Reach", "Store.Migrate", "Store.Grant"}

// Who adds a method says here who calls it, so that a right that it needs is not forgotten.
func TestEveryMethodOfTheStoreIsTriedWithTheRightsOfItsService(t *testing.T) {
	tried := slices.Clone(unused)
	for _, u := range slices.Concat(ingestUses, socketUses) {
		tried = append(tried, u.method)
	}
	for _, of := range []reflect.Type{
		reflect.TypeFor[*store.Store](), reflect.TypeFor[*store.Conn](), reflect.TypeFor[*store.Sweep](), reflect.TypeFor[*store.Page](),
	} {
		for method := range of.Methods() {
			if name := of.Elem().Name() + "." + method.Name; !slices.Contains(tried, name) {
				t.Errorf("%s is in none of ingestUses, socketUses and unused", name)
			}
		}
	}
}

// realm is a migrated database with users of its own.
type realm struct {
	*aging
	dsn  string
	name string // of the database
}

func newRealm(t *testing.T) *realm {
	t.Helper()
	dsn := storetest.DSN(t)
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	r := &realm{&aging{storetest.Open(t, dsn), t, storetest.Plain(t, dsn)}, dsn, config.DBName}
	if err := r.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// user makes a user without rights, and returns its name.
func (r *realm) user(name string) string {
	r.t.Helper()
	name += "-" + r.name
	r.exec("CREATE USER " + account(name))
	return name
}

func account(user string) string { return "'" + user + "'@'%'" }

// as is a store whose user is this one.
func (r *realm) as(user string) *store.Store {
	r.t.Helper()
	config, err := mysql.ParseDSN(r.dsn)
	if err != nil {
		r.t.Fatal(err)
	}
	config.User = user
	return storetest.Open(r.t, config.FormatDSN())
}

// granted is a realm with two users who have been granted their rights.
func granted(t *testing.T) (r *realm, ingest, socket string) {
	t.Helper()
	r = newRealm(t)
	ingest, socket = r.user("ingest"), r.user("socket")
	if err := r.Grant(t.Context(), []string{ingest}, []string{socket}); err != nil {
		t.Fatal(err)
	}
	return r, ingest, socket
}

// fill brings the database into a state in which every statement of the services meets rows.
func (r *realm) fill() {
	r.t.Helper()
	for _, table := range []string{"samples", "requests", "route_stats"} {
		r.exec("DELETE FROM " + table)
	}
	r.exec("UPDATE rollups SET position = 1, until = '1970-01-01'")
	r.sample(1, 15*day) // to be retired
	if _, err := r.Insert(r.t.Context(), request("", 1, 2)); err != nil {
		r.t.Fatal(err)
	}
	if err := r.WriteRouteSeconds(r.t.Context(), []store.RouteSecond{second("api1", "a", 0, 3)}); err != nil {
		r.t.Fatal(err)
	}
}

// rights are what a user has in the database, as GRANT says it.
func (r *realm) rights(user string) []string {
	r.t.Helper()
	of := fmt.Sprintf("WHERE table_schema = '%s' AND grantee = \"%s\"", r.name, account(user))
	return r.list("SELECT CONCAT(privilege_type, ' ON ', table_name) FROM information_schema.table_privileges " + of +
		" UNION SELECT CONCAT(privilege_type, ' (', column_name, ') ON ', table_name) FROM information_schema.column_privileges " + of)
}

func TestUsersMayDoWhatTheirServicesDo(t *testing.T) {
	r, ingest, socket := granted(t)
	for user, uses := range map[string][]use{ingest: ingestUses, socket: socketUses} {
		r.fill()
		s := r.as(user)
		for _, u := range uses {
			if err := u.do(t.Context(), s); err != nil {
				t.Errorf("%s as %s: %v", u.method, user, err)
			}
		}
	}
}

// Without any one of its rights a service cannot do its work.
func TestNoRightIsTooMany(t *testing.T) {
	r, ingest, socket := granted(t)
	for user, uses := range map[string][]use{ingest: ingestUses, socket: socketUses} {
		s := r.as(user)
		rights := r.rights(user)
		if len(rights) < len(uses)/2 {
			t.Errorf("%s has the rights %v", user, rights)
		}
		for _, right := range rights {
			r.fill()
			r.exec("REVOKE " + right + " FROM " + account(user))
			at := slices.IndexFunc(uses, func(u use) bool { return store.Denied(u.do(t.Context(), s)) })
			if at < 0 {
				t.Errorf("%s needs no %s", user, right)
			}
			r.exec("GRANT " + right + " TO " + account(user))
		}
	}
}

func TestUsersMayDoNothingElse(t *testing.T) {
	r, ingest, socket := granted(t)
	columns := map[string]string{}
	for _, column := range r.list("SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = DATABASE()") {
		table, name, _ := strings.Cut(column, ".")
		columns[table] = name // any one
	}
	const all = "SELECT INSERT UPDATE DELETE"
	may := map[string]map[string]string{
		ingest: {"samples": "INSERT", "requests": "SELECT INSERT", "route_stats": "SELECT INSERT UPDATE", "runs": "INSERT UPDATE", "run_seconds": "INSERT UPDATE"},
		socket: {
			"samples": "SELECT DELETE", "requests": "DELETE", "route_stats": "SELECT DELETE", "rollups": "SELECT UPDATE",
			"samples_by_minute": all, "samples_by_hour": all, "routes_by_minute": all, "routes_by_hour": all, "routes_by_day": all,
			"runs": all, "run_seconds": all,
		},
	}
	for user, tables := range may {
		db := storetest.Plain(t, strings.Replace(r.dsn, "root@", user+"@", 1))
		for table, column := range columns {
			for _, statement := range []string{
				"SELECT * FROM %s WHERE FALSE", "INSERT INTO %s () VALUES ()", "UPDATE %s SET %s = NULL WHERE FALSE", "DELETE FROM %s WHERE FALSE",
				"ALTER TABLE %s ADD more INT", "DROP TABLE %s", "TRUNCATE TABLE %s", "CREATE INDEX more ON %s (%s)", "LOCK TABLES %s WRITE",
				"CREATE TRIGGER more BEFORE INSERT ON %s FOR EACH ROW SET @more = 1", "CREATE VIEW more AS SELECT 1 FROM %s",
				"GRANT SELECT ON %s TO CURRENT_USER",
			} {
				verb, _, _ := strings.Cut(statement, " ")
				if strings.Count(statement, "%s") == 2 {
					statement = fmt.Sprintf(statement, table, column)
				} else {
					statement = fmt.Sprintf(statement, table)
				}
				_, err := db.ExecContext(t.Context(), statement)
				if allowed := strings.Contains(tables[table], verb); allowed == store.Denied(err) {
					t.Errorf("%s: allowed to %s is %t: %v", statement, user, allowed, err)
				}
			}
		}
		for _, statement := range []string{"CREATE TABLE more (id INT)", "CREATE DATABASE more", "CREATE USER more", "SELECT * FROM mysql.global_priv"} {
			if _, err := db.ExecContext(t.Context(), statement); !store.Denied(err) {
				t.Errorf("%s as %s: %v", statement, user, err)
			}
		}
	}
}

func TestGrantMayBeRepeatedAndRaced(t *testing.T) {
	r := newRealm(t)
	both, socket := r.user("both"), r.user("socket")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				if err := r.Grant(t.Context(), []string{both}, []string{both, socket}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	other := r.rights(socket)
	for _, right := range other {
		if !slices.Contains(r.rights(both), right) {
			t.Errorf("who is of both services has no %s", right)
		}
	}
	if !slices.Contains(r.rights(both), "INSERT ON samples") || slices.Contains(other, "INSERT ON samples") {
		t.Errorf("of both: %v; of one: %v", r.rights(both), other)
	}
}

// An earlier version, which may still run, or run again, keeps what it has.
func TestGrantTakesNothingAway(t *testing.T) {
	r, ingest, socket := granted(t)
	r.exec("GRANT DELETE ON samples TO " + account(ingest))
	if err := r.Grant(t.Context(), []string{ingest}, []string{socket}); err != nil {
		t.Fatal(err)
	}
	if rights := r.rights(ingest); !slices.Contains(rights, "DELETE ON samples") {
		t.Error(rights)
	}
}

func TestGrantMakesNoUser(t *testing.T) {
	r := newRealm(t)
	known := r.user("known")
	if err := r.Reach(t.Context()); err != nil { // on a connection that stays as it is
		t.Fatal(err)
	}
	r.exec("SET GLOBAL sql_mode = ''") // in which MariaDB's GRANT makes users
	defer r.exec("SET GLOBAL sql_mode = DEFAULT")
	escape := `x'@'%' WITH GRANT OPTION -- \`
	for mode, s := range map[string]*store.Store{"strict": r.Store, "lax": r.as("root")} {
		err := s.Grant(t.Context(), []string{"nobody", known}, []string{"none", escape})
		if !errors.Is(err, store.ErrNoUser) || store.Denied(err) || !strings.Contains(err.Error(), `"nobody"`) || !strings.Contains(err.Error(), `"none"`) {
			t.Errorf("%s: %v", mode, err)
		}
	}
	if users := r.list("SELECT user FROM mysql.user WHERE user IN ('nobody', 'none') OR user LIKE 'x%'"); len(users) > 0 {
		t.Errorf("the users %v were made", users)
	}
	if rights := r.rights(known); len(rights) == 0 {
		t.Error("the user who is there was forgotten")
	}
}

func TestWhoMayNotGrantIsDenied(t *testing.T) {
	r := newRealm(t)
	ingest, socket, owner, helper := r.user("ingest"), r.user("socket"), r.user("owner"), r.user("helper")
	grant := func(s *store.Store) error { return s.Grant(t.Context(), []string{ingest}, []string{socket}) }
	r.exec("GRANT ALL ON " + r.name + ".* TO " + account(helper))
	if err := grant(r.as(helper)); !store.Denied(err) || errors.Is(err, store.ErrNoUser) {
		t.Errorf("without the option to grant: %v", err)
	}
	if err := r.as(owner).Reach(t.Context()); !store.Denied(err) {
		t.Errorf("without any right: %v", err)
	}
	// Who owns no more than the database can do all of it.
	r.exec("GRANT ALL ON " + r.name + ".* TO " + account(owner) + " WITH GRANT OPTION")
	s := r.as(owner)
	if err := errors.Join(s.Reach(t.Context()), s.Migrate(t.Context()), grant(s)); err != nil {
		t.Error(err)
	}
	if err := s.Grant(t.Context(), []string{"nobody"}, nil); !errors.Is(err, store.ErrNoUser) {
		t.Errorf("a user who is not there: %v", err)
	}
}

func TestReachNeedsNoTables(t *testing.T) {
	if err := storetest.Open(t, storetest.DSN(t)).Reach(t.Context()); err != nil {
		t.Error(err)
	}
	away, err := store.Open("root@unix(/nowhere/sock)/pulso", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Reach(t.Context()); err == nil || store.Denied(err) {
		t.Errorf("a database that is away: %v", err)
	}
}

// In the cloud the connection is another one, and the user an IAM account.
func TestCloudSQLMigratesAndGrants(t *testing.T) {
	f := newCloud(t, nil)
	const ingest = "cloud-ingest"
	for _, statement := range []string{
		"DROP DATABASE " + f.name, "CREATE DATABASE " + f.name, "CREATE USER " + account(ingest),
		"GRANT ALL ON " + f.name + ".* TO " + f.user + "@localhost WITH GRANT OPTION",
	} {
		if _, err := f.db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s := f.open(fresh(loginToken))
	if err := errors.Join(s.Reach(t.Context()), s.Migrate(t.Context()), s.Grant(t.Context(), []string{ingest}, nil)); err != nil {
		t.Error(err)
	}
}
