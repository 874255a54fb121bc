package cluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probe asks a container's probes until ctx ends: readiness and liveness once it has started.
func (p *pod) probe(ctx context.Context, c *container) {
	if p.spec.StartupProbe != nil && !p.awaitStart(ctx, c) {
		return
	}
	if p.spec.ReadinessProbe == nil {
		p.report(ctx, true)
	}
	var both sync.WaitGroup
	both.Go(func() { p.watch(ctx, p.spec.ReadinessProbe, func(well bool) { p.report(ctx, well) }) })
	both.Go(func() {
		p.watch(ctx, p.spec.LivenessProbe, func(well bool) {
			if !well {
				_ = c.kill() // and it is started again
			}
		})
	})
	both.Wait()
}

// awaitStart returns when the startup probe has decided, or ctx has ended.
func (p *pod) awaitStart(ctx context.Context, c *container) (started bool) {
	asking, decided := context.WithCancel(ctx)
	defer decided()
	p.watch(asking, p.spec.StartupProbe, func(well bool) {
		if started = well; !started {
			_ = c.kill()
		}
		decided()
	})
	return started
}

func (p *pod) report(ctx context.Context, ready bool) {
	if err := p.publish(ctx, func() { p.answer(true, ready) }); err != nil {
		p.node.fail(p.object, err)
	}
}

// watch asks one probe, nil for none, until ctx ends, and tells when its opinion changes. It has none at first.
func (p *pod) watch(ctx context.Context, probe *corev1.Probe, tell func(well bool)) {
	if probe == nil {
		return
	}
	url, err := p.url(probe)
	if err != nil {
		p.node.fail(p.object, err)
		return
	}
	client := &http.Client{
		Timeout:   time.Duration(probe.TimeoutSeconds) * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	ask := get(client, url, "")
	var good, bad int32
	known, well := false, false
	for pause := time.Duration(probe.InitialDelaySeconds) * time.Second; ; pause = time.Duration(probe.PeriodSeconds) * time.Second {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if err := ask(ctx); err == nil {
			good, bad = good+1, 0
		} else {
			good, bad = 0, bad+1
		}
		if ctx.Err() != nil {
			return
		}
		if good >= probe.SuccessThreshold && (!known || !well) {
			known, well = true, true
			tell(true)
		} else if bad >= probe.FailureThreshold && (!known || well) {
			known, well = true, false
			tell(false)
		}
	}
}

func (p *pod) url(probe *corev1.Probe) (string, error) {
	if probe.HTTPGet == nil {
		return "", fmt.Errorf("container %s: this node asks probes by HTTP only", p.spec.Name)
	}
	port := probe.HTTPGet.Port.String()
	if probe.HTTPGet.Port.Type == intstr.String {
		for _, named := range p.spec.Ports {
			if named.Name == port {
				port = fmt.Sprint(named.ContainerPort)
			}
		}
	}
	return "http://" + net.JoinHostPort(p.address.String(), port) + probe.HTTPGet.Path, nil
}
