package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

const quick = 15 * time.Second // for a request that needs nothing to be started

type machine struct {
	Status            string
	NetworkInterfaces []struct {
		AccessConfigs []struct{ NatIP string }
	}
}

// address is the public one.
func (m machine) address() string {
	for _, network := range m.NetworkInterfaces {
		for _, access := range network.AccessConfigs {
			if access.NatIP != "" {
				return access.NatIP
			}
		}
	}
	return ""
}

func (p *project) describeVM(ctx context.Context) (machine, error) {
	return gcloud[machine](ctx, p, "compute", "instances", "describe", vmName, "--zone="+p.Zone)
}

func (p *project) vm(ctx context.Context) check.Finding {
	vm, err := p.describeVM(ctx)
	if err != nil {
		return p.unanswered(err, check.Failure("there is no "+vmName+" in "+p.Zone, apply))
	}
	if vm.Status != "RUNNING" {
		return check.Failure(vmName+" is "+vm.Status, fmt.Sprintf("gcloud compute instances start %s --zone=%s --project=%s", vmName, p.Zone, p.Project))
	}
	if vm.address() == "" {
		return check.Failure(vmName+" has no public address", apply)
	}
	return check.Good("%s runs at %s", vmName, vm.address())
}

// agent looks whether this machine could load the VM: whether it gets in, and whether there is a true number to read.
func (p *project) agent(ctx context.Context) check.Finding {
	vm, err := p.describeVM(ctx)
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), apply))
	}
	log := func(what string) string {
		return fmt.Sprintf("gcloud compute ssh %s --zone=%s --project=%s --tunnel-through-iap --command='sudo journalctl --no-pager --lines=20 --unit=%s'",
			vmName, p.Zone, p.Project, what)
	}
	url := "http://" + vm.address() + ":8080/ready"
	a, err := p.request(ctx, quick, http.MethodGet, url, "")
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return check.Failure("port 8080 does not answer from here",
			"# load_generator_cidrs in terraform/terraform.tfvars must have this machine's address, and /32; then apply:",
			"curl -4 https://ifconfig.me", apply)
	case err != nil:
		return check.Failure("port 8080: "+err.Error(), "# is it there yet? the start-up script's log:", log("google-startup-scripts"))
	case a.status != http.StatusOK:
		return check.Failure(fmt.Sprintf("not ready: %d %s", a.status, a.body), log("pulso-agent"))
	}
	return check.Good("ready; port 8080 is open to this machine")
}
