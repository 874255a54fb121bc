package cloud

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

// slow is what the first connection of a Cloud Run instance into the network can take, and some more.
const slow = 90 * time.Second

// services are those that there have to be on Cloud Run.
func (s Settings) services() []string {
	if s.onCloudRun() {
		return []string{"pulso-api1", "pulso-api2", frontend}
	}
	return []string{frontend}
}

type runService struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Template struct {
			Spec struct{ Containers []struct{ Image string } }
		}
	}
	Status struct {
		URL        string
		Conditions []condition
	}
}

func (p *project) describeService(ctx context.Context, name string) (found runService, there bool, err error) {
	all, err := gcloud[[]runService](ctx, p, "run", "services", "list")
	for _, s := range all {
		if s.Metadata.Name == name && s.Metadata.Labels["cloud.googleapis.com/location"] == p.Region {
			return s, true, err
		}
	}
	return runService{}, false, err
}

// service looks whether a service on Cloud Run has our image, and not the one that Terraform puts in its place.
func (p *project) service(name string) func(context.Context) check.Finding {
	return func(ctx context.Context) check.Finding {
		s, there, err := p.describeService(ctx, name)
		if err != nil {
			return p.unanswered(err, check.Failure(err.Error(), apply))
		}
		if !there {
			return check.Failure("there is none in "+p.Region, apply)
		}
		for _, c := range s.Spec.Template.Spec.Containers {
			if !strings.HasPrefix(c.Image, p.registry()+"/") {
				return check.Failure("it still has a stand-in's image: "+c.Image, build)
			}
		}
		for _, c := range s.Status.Conditions {
			if c.Type == "Ready" && c.Status != "True" {
				return check.Failure("not ready: "+c.Message,
					fmt.Sprintf("gcloud run services logs read %s --region=%s --limit=20 --project=%s", name, p.Region, p.Project))
			}
		}
		return check.Good("ready")
	}
}

// dashboard looks whether the page's server answers.
func (p *project) dashboard(ctx context.Context) check.Finding {
	s, _, err := p.describeService(ctx, frontend)
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), apply))
	}
	a, err := p.request(ctx, slow, http.MethodGet, s.Status.URL+"/health", "")
	switch {
	case err != nil:
		return check.Failure(err.Error(), "curl -i "+s.Status.URL+"/health")
	case a.status == http.StatusFound && strings.HasPrefix(a.header.Get("Location"), "https://accounts.google.com/"):
		return check.Unknown("Identity-Aware Proxy asks for a person first: " + s.Status.URL)
	case a.status == http.StatusForbidden:
		return check.Failure("403: not everybody may ask for the page", apply)
	case a.status != http.StatusOK:
		return check.Failure(fmt.Sprintf("GET /health: %d %s", a.status, a.body),
			fmt.Sprintf("gcloud run services logs read %s --region=%s --limit=20 --project=%s", frontend, p.Region, p.Project))
	}
	return check.Good("%s", s.Status.URL)
}

// socketAddress looks whether the socket service is where the dashboard's server looks for it.
func (p *project) socketAddress(ctx context.Context) check.Finding {
	reserved, err := gcloud[address](ctx, p, "compute", "addresses", "describe", "pulso-socket", "--region="+p.Region)
	if err != nil {
		return p.unanswered(err, check.Failure("the address pulso-socket is not reserved", apply))
	}
	service, err := kubectl[balanced](ctx, p, "service", "socket-internal")
	if err != nil {
		return p.unanswered(err, check.Failure("there is no Service socket-internal", build))
	}
	if has := or(service.addresses(), "none"); has != reserved.Address {
		return check.Failure(fmt.Sprintf("%s is reserved, and the Service socket-internal has %s", reserved.Address, has),
			"# its events say why:", fmt.Sprintf("kubectl describe service socket-internal -n %s --context=%s", namespace, p.kubeContext()))
	}
	return check.Good("%s, and socket-internal has it", reserved.Address)
}

// handshake opens a session as a browser does that polls, through the dashboard's server to a pod of the socket
// service. No token is asked for yet: it is a session's first message.
func (p *project) handshake(ctx context.Context) check.Finding {
	s, _, err := p.describeService(ctx, frontend)
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), apply))
	}
	a, err := p.request(ctx, slow, http.MethodGet, s.Status.URL+"/socket.io/?EIO=4&transport=polling", "")
	var why string
	switch {
	case err != nil:
		why = err.Error()
	case a.status != http.StatusOK || !strings.HasPrefix(a.body, `0{"sid":`):
		why = fmt.Sprintf("%d %s", a.status, a.body)
	default:
		return check.Good("from the dashboard through to a pod")
	}
	return check.Failure("Socket.IO does not come through: "+why,
		"# the reason; docs/operations.md, On GKE, says what follows from it:",
		fmt.Sprintf("gcloud logging read 'resource.labels.service_name=%s AND jsonPayload.message=socket_service_away' --limit=3 --project=%s", frontend, p.Project))
}
