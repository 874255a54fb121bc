package manifests

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	gkev1 "github.com/GoogleCloudPlatform/gke-gateway-api/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	backendconfigv1 "k8s.io/ingress-gce/pkg/apis/backendconfig/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const host = "pulso.endpoints." + Project + ".cloud.goog"

// shares is the parts of the requests that services get.
type shares map[string]int32

// What every path comes to, where the entry point is a Gateway.
func TestTheGatewaysPaths(t *testing.T) {
	for component, split := range map[string]shares{
		"":                  {"api1": 50, "api2": 50},
		"http":              {"api1": 50, "api2": 50},
		"single-route/api1": {"api1": 100, "api2": 0},
		"single-route/api2": {"api1": 0, "api2": 100},
	} {
		var components []string
		if component != "" {
			components = append(components, component)
		}
		c := built(t, components...)
		route := one[*gatewayv1.HTTPRoute](t, c, "pulso")
		if r := route.Spec.ParentRefs; len(r) != 1 || r[0].Name != "pulso" || r[0].SectionName != nil || r[0].Port != nil {
			t.Errorf("%s: hangs on %v", component, r)
		}
		checkPaths(t, split, func(path string) shares { return ofRoute(t, c, route, path) })
	}
}

func TestTheIngressPaths(t *testing.T) {
	for _, components := range [][]string{{"ingress"}, {"ingress", "http"}} {
		c := built(t, components...)
		ingress := one[*networkingv1.Ingress](t, c, "pulso")
		if len(ingress.Spec.Rules) != 1 || ingress.Spec.DefaultBackend != nil {
			t.Fatalf("rules: %v", ingress.Spec)
		}
		checkPaths(t, shares{"ingest": 1}, func(path string) shares { return ofIngress(t, c, ingress, path) })
	}
}

func checkPaths(t *testing.T, split shares, got func(path string) shares) {
	t.Helper()
	for path, want := range map[string]shares{
		"/": split, "/api": split, "/api/": split, "/api/runs": split,
		"/socket.io/": {"socket": 1},
		// What is for the cluster alone.
		"/ready": nil, "/health": nil, "/stats": nil, "/metrics": nil, "/export.csv": nil, "/runs": nil, "/apis": nil,
	} {
		if to := got(path); !reflect.DeepEqual(to, want) {
			t.Errorf("%s goes to %v, not %v", path, to, want)
		}
	}
}

// ofRoute is where a path goes.
func ofRoute(t *testing.T, c combination, route *gatewayv1.HTTPRoute, path string) shares {
	t.Helper()
	for _, rule := range route.Spec.Rules {
		if !slices.ContainsFunc(rule.Matches, func(m gatewayv1.HTTPRouteMatch) bool {
			return matches(t, path, string(*m.Path.Type), *m.Path.Value)
		}) {
			continue
		}
		to := shares{}
		for _, b := range rule.BackendRefs {
			to[string(b.Name)] = 1
			if b.Weight != nil {
				to[string(b.Name)] = *b.Weight
			}
			leads(t, c, string(b.Name), func(p corev1.ServicePort) bool { return p.Port == *b.Port })
		}
		return to
	}
	return nil
}

func ofIngress(t *testing.T, c combination, ingress *networkingv1.Ingress, path string) shares {
	t.Helper()
	for _, p := range ingress.Spec.Rules[0].HTTP.Paths {
		if matches(t, path, string(*p.PathType), p.Path) {
			b := p.Backend.Service
			leads(t, c, b.Name, func(p corev1.ServicePort) bool { return p.Name == b.Port.Name })
			return shares{b.Name: 1}
		}
	}
	return nil
}

func matches(t *testing.T, path, how, pattern string) bool {
	t.Helper()
	switch how {
	case string(gatewayv1.PathMatchExact):
		return path == pattern
	case string(gatewayv1.PathMatchPathPrefix), string(networkingv1.PathTypePrefix):
		prefix := strings.TrimSuffix(pattern, "/")
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	}
	t.Errorf("paths like %s are of type %s", pattern, how)
	return false
}

// leads looks whether a service has the port and pods behind it that listen.
func leads(t *testing.T, c combination, name string, wanted func(corev1.ServicePort) bool) {
	t.Helper()
	s := one[*corev1.Service](t, c, name).Spec
	i := slices.IndexFunc(s.Ports, wanted)
	if i < 0 {
		t.Errorf("service %s has ports %v", name, s.Ports)
		return
	}
	var pods []string
	for pod, template := range templates(c) {
		if !labels.SelectorFromSet(s.Selector).Matches(labels.Set(template.Labels)) {
			continue
		}
		pods = append(pods, pod)
		if listens := service(t, template).Ports[0].Name; s.Ports[i].TargetPort.StrVal != listens {
			t.Errorf("service %s leads to port %v of %s", name, s.Ports[i].TargetPort, pod)
		}
	}
	slices.Sort(pods)
	want := map[string][]string{"ingest": {"api1", "api2"}, "socket-internal": {"socket"}}
	if want[name] == nil {
		want[name] = []string{name}
	}
	if !slices.Equal(pods, want[name]) {
		t.Errorf("service %s has the pods of %v", name, pods)
	}
}

func TestServicePorts(t *testing.T) {
	for name, port := range ports {
		s := one[*corev1.Service](t, built(t), name).Spec
		if len(s.Ports) != 1 || s.Ports[0].Port != port || s.Type != "" {
			t.Errorf("%s: %v", name, s)
		}
		leads(t, built(t), name, func(corev1.ServicePort) bool { return true })
	}
}

// A redirect would answer after a token has travelled in the clear.
func TestOnlyHTTPSUnlessOtherwiseChosen(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		plain := c.has("http")
		scheme := map[bool]string{false: "https", true: "http"}[plain]
		for _, g := range all[*gatewayv1.Gateway](c) {
			checkListener(t, g.Spec, plain)
		}
		for _, r := range all[*gatewayv1.HTTPRoute](c) {
			if r.Labels["scheme"] != scheme {
				t.Errorf("labels: %v", r.Labels)
			}
			if named := slices.Equal(r.Spec.Hostnames, []gatewayv1.Hostname{host}); named == plain || plain && r.Spec.Hostnames != nil {
				t.Errorf("names: %v", r.Spec.Hostnames)
			}
		}
		for _, i := range all[*networkingv1.Ingress](c) {
			if i.Labels["scheme"] != scheme {
				t.Errorf("labels: %v", i.Labels)
			}
			a := i.Annotations
			allowed, certificate := a["kubernetes.io/ingress.allow-http"], a["ingress.gcp.kubernetes.io/pre-shared-cert"]
			if plain && (allowed != "true" || certificate != "" || i.Spec.Rules[0].Host != "") {
				t.Errorf("plain: %v %v", a, i.Spec.Rules)
			}
			if !plain && (allowed != "false" || certificate != "pulso" || i.Spec.Rules[0].Host != host) {
				t.Errorf("https: %v %v", a, i.Spec.Rules)
			}
		}
	})
}

func checkListener(t *testing.T, g gatewayv1.GatewaySpec, plain bool) {
	t.Helper()
	if len(g.Listeners) != 1 {
		t.Fatalf("listeners: %v", g.Listeners)
	}
	switch l := g.Listeners[0]; {
	case l.Hostname != nil:
		t.Errorf("the listener is for %s", *l.Hostname)
	case plain:
		if l.Protocol != gatewayv1.HTTPProtocolType || l.Port != 80 || l.TLS != nil {
			t.Errorf("listener: %v", l)
		}
	case l.Protocol != gatewayv1.HTTPSProtocolType || l.Port != 443 || l.TLS == nil || *l.TLS.Mode != gatewayv1.TLSModeTerminate:
		t.Errorf("listener: %v", l)
	case l.TLS.Options["networking.gke.io/pre-shared-certs"] != "pulso" || len(l.TLS.CertificateRefs) > 0:
		t.Errorf("certificate: %v", l.TLS)
	}
	if len(g.Addresses) != 1 || *g.Addresses[0].Type != gatewayv1.NamedAddressType || g.Addresses[0].Value != "pulso-gateway" {
		t.Errorf("address: %v", g.Addresses)
	}
}

func TestOneWayInAtTheMost(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		ofGateway := len(all[*gatewayv1.Gateway](c)) + len(all[*gatewayv1.HTTPRoute](c)) +
			len(all[*gkev1.HealthCheckPolicy](c)) + len(all[*gkev1.GCPBackendPolicy](c))
		ofIngress := len(all[*networkingv1.Ingress](c)) + len(all[*backendconfigv1.BackendConfig](c))
		wantGateway, wantIngress := 1+1+3+3, 0
		switch {
		case c.has("ingress"):
			wantGateway, wantIngress = 0, 1+2
		case c.has("without-ingest"):
			wantGateway = 0
		}
		if ofGateway != wantGateway || ofIngress != wantIngress {
			t.Errorf("%d objects of the Gateway, %d of the Ingress", ofGateway, ofIngress)
		}
	})
}

// Not a trace of the ingest, nor of the way to it: no account, token or right that nobody uses.
func TestWithoutIngest(t *testing.T) {
	documents, err := Build(gke, "without-ingest")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for line := range strings.Lines(string(documents)) {
		if strings.Contains(line, "api1") || strings.Contains(line, "api2") || strings.Contains(line, "ingest") {
			left = append(left, strings.TrimSpace(line))
		}
	}
	// Whom the migrator lets into the database: they are there, on Cloud Run.
	if want := []string{"value: pulso-api1,pulso-api2"}; !slices.Equal(left, want) {
		t.Errorf("of the ingest is left %q", left)
	}
	one[*corev1.Service](t, built(t, "without-ingest"), "socket-internal")
}

// dayOfStream is how long a WebSocket may last, in seconds.
const dayOfStream = 86400

func TestTheGatewaysPolicies(t *testing.T) {
	c := built(t)
	for name := range ports {
		health := one[*gkev1.HealthCheckPolicy](t, c, name).Spec
		if health.TargetRef.Kind != "Service" || health.TargetRef.Group != "" || string(health.TargetRef.Name) != name {
			t.Errorf("%s: health of %v", name, health.TargetRef)
		}
		d := health.Default
		if d.Config.Type != gkev1.HTTP || *d.Config.HTTP.RequestPath != "/ready" || *d.TimeoutSec <= 2 || *d.TimeoutSec > *d.CheckIntervalSec {
			t.Errorf("%s: health: %v", name, d)
		}
		if at := d.Config.HTTP.CommonHealthCheck; at.PortSpecification == nil || *at.PortSpecification != gkev1.UseServingPort || at.Port != nil {
			t.Errorf("%s: health at port %v", name, at)
		}
		backend := one[*gkev1.GCPBackendPolicy](t, c, name).Spec
		if backend.TargetRef.Kind != "Service" || backend.TargetRef.Group != "" || string(backend.TargetRef.Name) != name {
			t.Errorf("%s: policy of %v", name, backend.TargetRef)
		}
		b := backend.Default
		checkDrain(t, c, name, *b.ConnectionDraining.DrainingTimeoutSec)
		stream := name == "socket"
		if stream != (b.TimeoutSec != nil && *b.TimeoutSec == dayOfStream) ||
			stream != (b.SessionAffinity != nil && *b.SessionAffinity.Type == "GENERATED_COOKIE") {
			t.Errorf("%s: %v, %v", name, b.TimeoutSec, b.SessionAffinity)
		}
	}
}

func TestTheIngressPolicies(t *testing.T) {
	c := built(t, "ingress")
	for _, name := range []string{"ingest", "socket"} {
		annotations := one[*corev1.Service](t, c, name).Annotations
		if annotations["cloud.google.com/neg"] != `{"ingress": true}` ||
			annotations["cloud.google.com/backend-config"] != `{"default": "`+name+`"}` {
			t.Errorf("%s: %v", name, annotations)
		}
		b := one[*backendconfigv1.BackendConfig](t, c, name).Spec
		if h := b.HealthCheck; *h.Type != "HTTP" || *h.RequestPath != "/ready" || h.Port != nil || *h.TimeoutSec <= 2 || *h.TimeoutSec > *h.CheckIntervalSec {
			t.Errorf("%s: health: %v", name, h)
		}
		checkDrain(t, c, "socket", b.ConnectionDraining.DrainingTimeoutSec)
		stream := name == "socket"
		if stream != (b.TimeoutSec != nil && *b.TimeoutSec == dayOfStream) ||
			stream != (b.SessionAffinity != nil && b.SessionAffinity.AffinityType == "GENERATED_COOKIE") {
			t.Errorf("%s: %v, %v", name, b.TimeoutSec, b.SessionAffinity)
		}
	}
	a := one[*networkingv1.Ingress](t, c, "pulso").Annotations
	if a["kubernetes.io/ingress.class"] != "gce" || a["kubernetes.io/ingress.global-static-ip-name"] != "pulso-gateway" {
		t.Errorf("%v", a)
	}
}

// checkDrain looks whether the pod ends its connections, and not the load balancer.
func checkDrain(t *testing.T, c combination, name string, seconds int64) {
	t.Helper()
	if grace := *templates(c)[name].Spec.TerminationGracePeriodSeconds; seconds < grace {
		t.Errorf("%s: connections are cut after %d s; a pod has %d", name, seconds, grace)
	}
}

func TestTheDashboardsWayToTheSocket(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		s := one[*corev1.Service](t, c, "socket-internal")
		if s.Annotations["networking.gke.io/load-balancer-type"] != "Internal" ||
			s.Annotations["networking.gke.io/load-balancer-ip-addresses"] != "pulso-socket" {
			t.Errorf("%v", s.Annotations)
		}
		if s.Spec.Type != corev1.ServiceTypeLoadBalancer || s.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal ||
			!slices.Equal(s.Spec.LoadBalancerSourceRanges, []string{"10.10.8.0/26"}) {
			t.Errorf("%v", s.Spec)
		}
		leads(t, c, "socket-internal", func(p corev1.ServicePort) bool { return p.Port == 80 })
	})
}
