package cloud

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

// Configured returns the account and the project that gcloud is configured with; either may be empty.
func Configured(ctx context.Context, run command.Run) (account, project string, err error) {
	type configuration struct {
		Core struct{ Account, Project string }
	}
	c, err := decode[configuration](run(ctx, "gcloud", "config", "list", "--format=json"))
	return c.Core.Account, c.Core.Project, err
}

func (p *project) loggedIn(context.Context) check.Finding {
	if p.account == "" {
		return check.Failure("nobody is logged in", "gcloud auth login")
	}
	return check.Good("%s", p.account)
}

// credentials are what Terraform logs in with. They are tried, and not printed.
func (p *project) credentials(ctx context.Context) check.Finding {
	_, err := p.Run(ctx, "gcloud", "auth", "application-default", "print-access-token", "--format=none")
	switch {
	case command.KindOf(err) == command.Offline:
		return p.unanswered(err, check.Finding{})
	case command.KindOf(err) == command.Missing:
		return check.Failure("Terraform has none", "gcloud auth application-default login")
	case err != nil:
		return check.Failure("Terraform's are no longer good: "+err.Error(), "gcloud auth application-default login")
	}
	return check.Good("Terraform's are good")
}

func (p *project) exists(ctx context.Context) check.Finding {
	found, err := gcloud[struct{ LifecycleState string }](ctx, p, "projects", "describe", p.Project)
	if kind := command.KindOf(err); kind == command.Missing || kind == command.Denied {
		return check.Failure(err.Error(), "# the ids of those that this account sees, and one of them:", "gcloud projects list", "gcloud config set project ID")
	}
	if err != nil {
		return p.unanswered(err, check.Finding{})
	}
	if found.LifecycleState != "ACTIVE" {
		return check.Failure(p.Project+" is "+found.LifecycleState, "gcloud projects undelete "+p.Project)
	}
	if p.Terraform != "" && p.Terraform != p.Project {
		return check.Warning(fmt.Sprintf("%s here, but terraform/terraform.tfvars names %s", p.Project, p.Terraform),
			"gcloud config set project "+p.Terraform)
	}
	return check.Good("%s", p.Project)
}

func (p *project) billing(ctx context.Context) check.Finding {
	found, err := gcloud[struct{ BillingEnabled bool }](ctx, p, "billing", "projects", "describe", p.Project)
	// Whoever may not see it can still have it: what is charged for will show.
	if command.KindOf(err) == command.Denied {
		return check.Warning("not known: "+err.Error(), "gcloud services enable cloudbilling.googleapis.com --project="+p.Project)
	}
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error()))
	}
	if !found.BillingEnabled {
		return check.Failure("no account pays for this project", "# the ids of the accounts, and one of them:", "gcloud billing accounts list",
			"gcloud billing projects link "+p.Project+" --billing-account=ID")
	}
	return check.Good("on")
}

func (p *project) enabled(ctx context.Context) check.Finding {
	type service struct{ Config struct{ Name string } }
	on, err := gcloud[[]service](ctx, p, "services", "list", "--enabled")
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), apply))
	}
	off := slices.DeleteFunc(slices.Clone(p.APIs), func(name string) bool {
		return slices.ContainsFunc(on, func(s service) bool { return s.Config.Name == name })
	})
	if len(off) > 0 {
		line := append([]string{"gcloud", "services", "enable"}, off...)
		return check.Failure(fmt.Sprintf("%d of %d are off", len(off), len(p.APIs)), command.Line(append(line, "--project="+p.Project)...))
	}
	return check.Good("all %d are on", len(p.APIs))
}

// secret looks whether a token is there: pods mount its latest version.
func (p *project) secret(name string) func(context.Context) check.Finding {
	return func(ctx context.Context) check.Finding {
		version, err := gcloud[struct{ Name, State string }](ctx, p, "secrets", "versions", "describe", "latest", "--secret="+name)
		if err != nil {
			return p.unanswered(err, check.Failure("the secret has no version, and what mounts it does not start", apply))
		}
		switch version.State {
		case "ENABLED":
			return check.Good("its latest version is enabled")
		case "DISABLED":
			return check.Failure("its latest version is disabled, and what mounts it does not start",
				fmt.Sprintf("gcloud secrets versions enable %s --secret=%s --project=%s", path.Base(version.Name), name, p.Project))
		}
		return check.Failure("its latest version is "+version.State+", and what mounts it does not start",
			"# raise token_version in terraform/terraform.tfvars, then", apply)
	}
}

// images looks for those of a build; what runs names them by digest, the VM by the tag latest.
func (p *project) images(ctx context.Context) check.Finding {
	type image struct {
		Package string
		Tags    []string
	}
	there, err := gcloud[[]image](ctx, p, "artifacts", "docker", "images", "list", p.registry(), "--include-tags")
	if err != nil {
		return p.unanswered(err, check.Failure("the repository "+p.registry()+" is not there", apply))
	}
	var missing []string
	for _, name := range images {
		if !slices.ContainsFunc(there, func(i image) bool { return i.Package == p.registry()+"/"+name && slices.Contains(i.Tags, "latest") }) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return check.Failure(fmt.Sprintf("no %s with the tag latest", strings.Join(missing, ", ")), build)
	}
	return check.Good("all %d, with the tag latest", len(images))
}
