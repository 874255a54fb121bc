package cloud

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

// entry is a way in for samples: the Gateway in the cluster, or the load balancer before Cloud Run.
type entry struct {
	area        string
	address     string // the name of the reserved address
	certificate string // the name of the certificate, and the first part of the host's
	heldNeeds   []string
	backends    []string // the checks of what answers
	gateway     bool
	p           *project
}

func (p *project) entries() []entry {
	var entries []entry
	if p.inCluster() {
		entries = append(entries, entry{"gateway", "pulso-gateway", "pulso", []string{"access"}, []string{"api1", "api2"}, true, p})
	}
	if p.onCloudRun() {
		entries = append(entries, entry{"Cloud Run", "pulso-run", "pulso-run", []string{"APIs"}, []string{"pulso-api1", "pulso-api2"}, false, p})
	}
	return entries
}

func (e entry) host() string { return e.certificate + ".endpoints." + e.p.Project + ".cloud.goog" }

type address struct{ Address, Status string }

func (e entry) reserved(ctx context.Context) (address, error) {
	return gcloud[address](ctx, e.p, "compute", "addresses", "describe", e.address, "--global")
}

// held looks whether the reserved address is the load balancer's.
func (e entry) held(ctx context.Context) check.Finding {
	reserved, err := e.reserved(ctx)
	if err != nil {
		return e.p.unanswered(err, check.Failure("the address "+e.address+" is not reserved", apply))
	}
	if !e.gateway {
		if reserved.Status != "IN_USE" {
			return check.Failure(reserved.Address+" is reserved, and no load balancer has it", apply)
		}
		return check.Good("%s, and the load balancer has it", reserved.Address)
	}
	kind, addresses, err := e.p.listening(ctx)
	if err != nil {
		return e.p.unanswered(err, check.Failure("neither the Gateway pulso nor an Ingress in its place is there", build))
	}
	if !slices.Contains(addresses, reserved.Address) {
		return check.Failure(fmt.Sprintf("%s is reserved, and the %s has %s; it takes some minutes at first", reserved.Address, kind, or(addresses, "none")),
			"# its conditions and events say why:", fmt.Sprintf("kubectl describe %s pulso -n %s --context=%s", kind, namespace, e.p.kubeContext()))
	}
	return check.Good("%s, and the %s has it", reserved.Address, kind)
}

// listening returns the addresses of the Gateway, or of the Ingress that can stand in its place.
func (p *project) listening(ctx context.Context) (kind string, addresses []string, err error) {
	gateway, err := kubectl[struct {
		Status struct{ Addresses []struct{ Value string } }
	}](ctx, p, "gateway", "pulso")
	if err == nil {
		for _, a := range gateway.Status.Addresses {
			addresses = append(addresses, a.Value)
		}
		return "gateway", addresses, nil
	}
	if command.KindOf(err) != command.Missing {
		return "", nil, err
	}
	ingress, err := kubectl[balanced](ctx, p, "ingress", "pulso")
	return "ingress", ingress.addresses(), err
}

// balanced is what a load balancer stands before.
type balanced struct {
	Status struct {
		LoadBalancer struct{ Ingress []struct{ IP string } }
	}
}

func (b balanced) addresses() (ips []string) {
	for _, i := range b.Status.LoadBalancer.Ingress {
		ips = append(ips, i.IP)
	}
	return ips
}

// named looks whether the name leads to the address.
func (e entry) named(ctx context.Context) check.Finding {
	reserved, err := e.reserved(ctx)
	if err != nil {
		return e.p.unanswered(err, check.Failure(err.Error(), apply))
	}
	check.Note(ctx, command.Line("getent", "ahostsv4", e.host()))
	addresses, err := e.p.Lookup(ctx, e.host())
	if !slices.Contains(addresses, reserved.Address) {
		what := or(addresses, "nowhere")
		if err != nil {
			what = "nowhere: " + err.Error()
		}
		return check.Failure(fmt.Sprintf("%s leads %s, not to %s", e.host(), what, reserved.Address),
			"# a change takes minutes to be seen; until then:", "getent ahostsv4 "+e.host(), apply)
	}
	return check.Good("%s", e.host())
}

// certified looks whether Google has given the certificate out.
func (e entry) certified(ctx context.Context) check.Finding {
	found, err := gcloud[struct {
		Managed struct {
			Status       string
			DomainStatus map[string]string
		}
	}](ctx, e.p, "compute", "ssl-certificates", "describe", e.certificate, "--global")
	if err != nil {
		return e.p.unanswered(err, check.Failure("there is no certificate "+e.certificate, apply))
	}
	if found.Managed.Status != "ACTIVE" {
		return check.Failure(fmt.Sprintf("%s (%s)", found.Managed.Status, found.Managed.DomainStatus[e.host()]),
			"# up to an hour after the name leads to the load balancer's address; until then:",
			fmt.Sprintf("gcloud compute ssl-certificates describe %s --global --format='value(managed.status)' --project=%s", e.certificate, e.p.Project))
	}
	return check.Good("ACTIVE")
}

// guarded posts nothing, without a token: the routes must be there, and refuse it.
func (e entry) guarded(ctx context.Context) check.Finding {
	url := "https://" + e.host() + "/api"
	a, err := e.p.request(ctx, quick, http.MethodPost, url, "{}")
	again := "curl -i -X POST -d '{}' " + url
	switch {
	case err != nil:
		return check.Failure(err.Error(), "# a load balancer that is new takes some minutes; until then:", again)
	case a.status == http.StatusUnauthorized:
		return check.Good("POST without a token: 401, as it should be")
	case a.status == http.StatusCreated || a.status == http.StatusBadRequest:
		return check.Failure(fmt.Sprintf("POST without a token: %d. It asks for none, and anybody can write", a.status), build)
	}
	return check.Failure(fmt.Sprintf("POST without a token: %d %s, not 401", a.status, a.body),
		"# docs/operations.md, On GKE, says what 404 and 503 mean; a load balancer that is new takes some minutes:", again)
}

func or(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}
