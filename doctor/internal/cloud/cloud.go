// Package cloud checks the Google Cloud project, from the account to the browser's socket, with the commands that a
// person would type: gcloud and kubectl. It reads, and changes nothing; it asks for no secret's value.
//
// The names are those of terraform/ and gke/, whose files a test holds against this package.
package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

// World is what the checks reach out to.
type World struct {
	Run command.Run
	// Client makes the requests that senders of samples and browsers make. It follows no redirects.
	Client *http.Client
	// Lookup returns the addresses of a host.
	Lookup func(ctx context.Context, host string) ([]string, error)
}

type project struct {
	World
	Settings
	account string
}

// Checks lists them for the account that asks, in the order in which a project comes to life. They need checks of
// the machine, by the names gcloud, kubectl and gke-gcloud-auth-plugin.
func Checks(w World, s Settings, account string) []check.Check {
	p := &project{w, s, account}
	var list []check.Check
	add := func(area, name string, look func(context.Context) check.Finding, needs ...string) {
		list = append(list, check.Check{Area: area, Name: name, Needs: needs, Look: look})
	}

	add("gcloud", "account", p.loggedIn, "gcloud")
	add("gcloud", "credentials", p.credentials, "gcloud")
	add("gcloud", "project", p.exists, "account")
	add("project", "billing", p.billing, "project")
	add("project", "APIs", p.enabled, "billing")
	for _, q := range p.quotas() {
		add("project", "quota "+q.name, q.look, "APIs")
	}
	for _, name := range []string{"pulso-ingest-token", "pulso-socket-token"} {
		add("project", name, p.secret(name), "APIs")
	}
	add("images", "images", p.images, "APIs")

	add("VM", "VM", p.vm, "APIs")
	add("VM", "agent", p.agent, "VM")

	add("database", "instance", p.instance, "APIs")
	add("database", "flags", p.flags, "instance")
	add("database", "users", p.users, "instance")
	add("database", "migrator's role", p.superuser, "users")

	add("cluster", "cluster", p.cluster, "APIs")
	add("cluster", "access", p.access, "cluster", "kubectl", "gke-gcloud-auth-plugin")
	add("cluster", "migrator", p.migrator, "access")
	for _, name := range p.deployments() {
		add("cluster", name, p.deployment(name), "access")
	}

	for _, name := range p.services() {
		add("Cloud Run", name, p.service(name), "APIs")
	}

	for _, e := range p.entries() {
		add(e.area, "address "+e.address, e.held, e.heldNeeds...)
		add(e.area, "name "+e.certificate, e.named, "address "+e.address)
		add(e.area, "certificate "+e.certificate, e.certified, "name "+e.certificate)
		add(e.area, "entry "+e.certificate, e.guarded, append([]string{"certificate " + e.certificate}, e.backends...)...)
	}

	add("socket", "address pulso-socket", p.socketAddress, "access")
	add("socket", "dashboard", p.dashboard, frontend)
	add("socket", "handshake", p.handshake, "dashboard", "address pulso-socket", "socket")
	return list
}

// What mends most of it.
const (
	apply = "terraform -chdir=terraform apply"
	build = `eval "$(terraform -chdir=terraform output -raw build)"` // builds and deploys everything
)

// gcloud asks about the project.
func gcloud[T any](ctx context.Context, p *project, argv ...string) (T, error) {
	argv = append(append([]string{"gcloud"}, argv...), "--project="+p.Project, "--format=json")
	return decode[T](p.Run(ctx, argv...))
}

// kubectl gets something from the namespace.
func kubectl[T any](ctx context.Context, p *project, argv ...string) (T, error) {
	argv = append(append([]string{"kubectl", "get"}, argv...), "--namespace="+namespace, "--context="+p.kubeContext(), "--output=json")
	return decode[T](p.Run(ctx, argv...))
}

func decode[T any](out []byte, err error) (T, error) {
	var answer T
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return answer, fmt.Errorf("an answer that makes no sense: %w", err)
	}
	return answer, nil
}

// unanswered is the finding where a question got no answer. What is not there, missing speaks about.
func (p *project) unanswered(err error, missing check.Finding) check.Finding {
	switch command.KindOf(err) {
	case command.Missing:
		return missing
	case command.Denied:
		member := "user:" + p.account
		if strings.HasSuffix(p.account, ".gserviceaccount.com") {
			member = "serviceAccount:" + p.account
		}
		return check.Failure("this account may not ask: "+err.Error(),
			"# by somebody who may:",
			fmt.Sprintf("gcloud projects add-iam-policy-binding %s --member=%s --role=roles/viewer", p.Project, member))
	case command.LoggedOut:
		return check.Failure(err.Error(), "gcloud auth login")
	case command.Offline:
		return check.Failure(err.Error(), "# does this machine reach Google? its network, its proxy:", "curl -I https://www.googleapis.com")
	default:
		var failure *command.Error
		if errors.As(err, &failure) {
			return check.Failure(err.Error(), "# all that it says:", failure.Line)
		}
		return check.Failure(err.Error(), "# shows what was asked:", "make doctor ARGS=-v")
	}
}
