package cloud

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

type instance struct {
	State    string
	Settings struct {
		ActivationPolicy string
		DatabaseFlags    []struct{ Name, Value string }
	}
}

func (p *project) describeInstance(ctx context.Context) (instance, error) {
	return gcloud[instance](ctx, p, "sql", "instances", "describe", p.SQLInstance)
}

func (p *project) instance(ctx context.Context) check.Finding {
	sql, err := p.describeInstance(ctx)
	switch {
	case err != nil:
		return p.unanswered(err, check.Failure("there is no Cloud SQL instance "+p.SQLInstance+", or this account may not see it", apply))
	case sql.Settings.ActivationPolicy == "NEVER":
		return check.Failure(p.SQLInstance+" is stopped",
			fmt.Sprintf("gcloud sql instances patch %s --activation-policy=ALWAYS --project=%s", p.SQLInstance, p.Project))
	case sql.State != "RUNNABLE":
		return check.Failure(p.SQLInstance+" is "+sql.State, "# what is done to it, and what became of it:",
			fmt.Sprintf("gcloud sql operations list --instance=%s --limit=5 --project=%s", p.SQLInstance, p.Project))
	}
	return check.Good("%s runs", p.SQLInstance)
}

// connections are what gke/README.md counts with.
func (s Settings) connections() int {
	if s.Preset == "small" {
		return 250
	}
	return 500
}

func (p *project) flags(ctx context.Context) check.Finding {
	sql, err := p.describeInstance(ctx)
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), apply))
	}
	flags := map[string]string{}
	for _, flag := range sql.Settings.DatabaseFlags {
		flags[flag.Name] = flag.Value
	}
	if flags["cloudsql_iam_authentication"] != "on" {
		return check.Failure("cloudsql_iam_authentication is not on: no service can log in", apply)
	}
	if n, _ := strconv.Atoi(flags["max_connections"]); n < p.connections() {
		return check.Failure(fmt.Sprintf("max_connections is %d: all pods together may take up to %d", n, p.connections()), apply)
	}
	return check.Good("cloudsql_iam_authentication=on, max_connections=%s", flags["max_connections"])
}

type user struct {
	Name, IAMEmail, Type string
	DatabaseRoles        []string
}

func (p *project) listUsers(ctx context.Context) (map[string]user, error) {
	all, err := gcloud[[]user](ctx, p, "sql", "users", "list", "--instance="+p.SQLInstance)
	named := map[string]user{}
	for _, u := range all {
		if u.Type == "CLOUD_IAM_SERVICE_ACCOUNT" {
			named[u.Name] = u
		}
	}
	return named, err
}

// users are known to MySQL by what is before the @ of their accounts.
func (p *project) users(ctx context.Context) check.Finding {
	there, err := p.listUsers(ctx)
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), apply))
	}
	wanted := []string{"pulso-api1", "pulso-api2", "pulso-socket", "pulso-migrator"}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { _, ok := there[name]; return ok })
	if len(missing) > 0 {
		return check.Failure("no IAM user "+strings.Join(missing, ", ")+": what logs in by it is refused", apply)
	}
	return check.Good("%s", strings.Join(wanted, ", "))
}

// superuser looks for the role with which the migrator makes tables and grants; the grants themselves nobody sees from
// outside but by the pods that are ready.
func (p *project) superuser(ctx context.Context) check.Finding {
	there, err := p.listUsers(ctx)
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), apply))
	}
	if !slices.Contains(there["pulso-migrator"].DatabaseRoles, "cloudsqlsuperuser") {
		return check.Failure("pulso-migrator lacks cloudsqlsuperuser: it can neither make tables nor give the services their rights",
			"# by hand, where gcloud has this command; the build does it as well, and has the migrator run again:",
			command.Line("gcloud", "sql", "users", "assign-roles", p.email("migrator"), "--instance="+p.SQLInstance,
				"--type=cloud_iam_service_account", "--database-roles=cloudsqlsuperuser", "--project="+p.Project),
			build)
	}
	return check.Good("pulso-migrator has cloudsqlsuperuser")
}
