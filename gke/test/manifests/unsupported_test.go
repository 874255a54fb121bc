package manifests

import (
	"fmt"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// A refusal is something that the API has and the classes of GKE that we use do not. The API server takes it all the same,
// and so do other controllers, such as that of our tests: it would be found out in the cloud. The pages of Google's that
// say so are
//
//	https://cloud.google.com/kubernetes-engine/docs/how-to/gatewayclass-capabilities (Gateway and HTTPRoute)
//	https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources (policies, addresses, certificates)
//	https://cloud.google.com/kubernetes-engine/docs/concepts/ingress (Ingress)
//	https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps (the limits of weights)
type refusal[T any] struct {
	what   string
	reason string
	found  func(T) bool
	// example is the least that is refused.
	example func() T
}

var refusedMatches = []refusal[gatewayv1.HTTPRouteMatch]{
	{"a method", "GKE's classes match by path, header and query parameter only",
		func(m gatewayv1.HTTPRouteMatch) bool { return m.Method != nil },
		func() gatewayv1.HTTPRouteMatch {
			return gatewayv1.HTTPRouteMatch{Method: ptr.To(gatewayv1.HTTPMethodPost)}
		}},
	{"a path by regular expression", "Exact and PathPrefix are what there is",
		func(m gatewayv1.HTTPRouteMatch) bool {
			return m.Path != nil && m.Path.Type != nil && *m.Path.Type == gatewayv1.PathMatchRegularExpression
		},
		func() gatewayv1.HTTPRouteMatch {
			return gatewayv1.HTTPRouteMatch{Path: &gatewayv1.HTTPPathMatch{Type: ptr.To(gatewayv1.PathMatchRegularExpression)}}
		}},
	{"a header by regular expression", "Exact is what there is",
		func(m gatewayv1.HTTPRouteMatch) bool {
			for _, h := range m.Headers {
				if h.Type != nil && *h.Type == gatewayv1.HeaderMatchRegularExpression {
					return true
				}
			}
			return false
		},
		func() gatewayv1.HTTPRouteMatch {
			return gatewayv1.HTTPRouteMatch{Headers: []gatewayv1.HTTPHeaderMatch{{Type: ptr.To(gatewayv1.HeaderMatchRegularExpression)}}}
		}},
	{"a query parameter by regular expression", "Exact is what there is",
		func(m gatewayv1.HTTPRouteMatch) bool {
			for _, q := range m.QueryParams {
				if q.Type != nil && *q.Type == gatewayv1.QueryParamMatchRegularExpression {
					return true
				}
			}
			return false
		},
		func() gatewayv1.HTTPRouteMatch {
			return gatewayv1.HTTPRouteMatch{QueryParams: []gatewayv1.HTTPQueryParamMatch{{Type: ptr.To(gatewayv1.QueryParamMatchRegularExpression)}}}
		}},
}

var refusedRules = []refusal[gatewayv1.HTTPRouteRule]{
	{"timeouts", "timeoutSec of GCPBackendPolicy is a backend's one timeout",
		func(r gatewayv1.HTTPRouteRule) bool { return r.Timeouts != nil },
		func() gatewayv1.HTTPRouteRule {
			return gatewayv1.HTTPRouteRule{Timeouts: &gatewayv1.HTTPRouteTimeouts{}}
		}},
	{"retries", "a route has none there; the senders retry, with their key",
		func(r gatewayv1.HTTPRouteRule) bool { return r.Retry != nil },
		func() gatewayv1.HTTPRouteRule { return gatewayv1.HTTPRouteRule{Retry: &gatewayv1.HTTPRouteRetry{}} }},
	{"session persistence", "sessionAffinity of GCPBackendPolicy is for that",
		func(r gatewayv1.HTTPRouteRule) bool { return r.SessionPersistence != nil },
		func() gatewayv1.HTTPRouteRule {
			return gatewayv1.HTTPRouteRule{SessionPersistence: &gatewayv1.SessionPersistence{}}
		}},
	{"a filter other than those for headers, redirects, rewrites and mirrors", "those are all that there are",
		func(r gatewayv1.HTTPRouteRule) bool {
			for _, f := range r.Filters {
				switch f.Type {
				case gatewayv1.HTTPRouteFilterRequestHeaderModifier, gatewayv1.HTTPRouteFilterResponseHeaderModifier,
					gatewayv1.HTTPRouteFilterRequestRedirect, gatewayv1.HTTPRouteFilterURLRewrite, gatewayv1.HTTPRouteFilterRequestMirror:
				default:
					return true
				}
			}
			return false
		},
		func() gatewayv1.HTTPRouteRule {
			return gatewayv1.HTTPRouteRule{Filters: []gatewayv1.HTTPRouteFilter{{Type: gatewayv1.HTTPRouteFilterCORS}}}
		}},
}

var refusedBackends = []refusal[gatewayv1.HTTPBackendRef]{
	{"a filter of one backend", "filters are for a whole rule",
		func(b gatewayv1.HTTPBackendRef) bool { return len(b.Filters) > 0 },
		func() gatewayv1.HTTPBackendRef {
			return gatewayv1.HTTPBackendRef{Filters: make([]gatewayv1.HTTPRouteFilter, 1)}
		}},
	{"a backend that is no Service", "ServiceImport is of the classes for several clusters",
		func(b gatewayv1.HTTPBackendRef) bool {
			return b.Kind != nil && *b.Kind != "Service" || b.Group != nil && *b.Group != ""
		},
		func() gatewayv1.HTTPBackendRef {
			return backend(gatewayv1.BackendObjectReference{Kind: ptr.To(gatewayv1.Kind("ServiceImport"))}, nil)
		}},
	{"a backend of another namespace", "it would need a ReferenceGrant there, and everything is in one namespace",
		func(b gatewayv1.HTTPBackendRef) bool { return b.Namespace != nil },
		func() gatewayv1.HTTPBackendRef {
			return backend(gatewayv1.BackendObjectReference{Namespace: ptr.To(gatewayv1.Namespace("other"))}, nil)
		}},
	{"a weight over 1000", "URL maps take no more; the API takes a million",
		func(b gatewayv1.HTTPBackendRef) bool { return b.Weight != nil && *b.Weight > 1000 },
		func() gatewayv1.HTTPBackendRef {
			return backend(gatewayv1.BackendObjectReference{}, ptr.To[int32](1001))
		}},
}

func backend(to gatewayv1.BackendObjectReference, weight *int32) gatewayv1.HTTPBackendRef {
	return gatewayv1.HTTPBackendRef{BackendRef: gatewayv1.BackendRef{BackendObjectReference: to, Weight: weight}}
}

var refusedListeners = []refusal[gatewayv1.Listener]{
	{"a protocol other than HTTP and HTTPS", "an application load balancer speaks no other",
		func(l gatewayv1.Listener) bool {
			return l.Protocol != gatewayv1.HTTPProtocolType && l.Protocol != gatewayv1.HTTPSProtocolType
		},
		func() gatewayv1.Listener { return gatewayv1.Listener{Protocol: gatewayv1.TLSProtocolType} }},
	{"TLS that is passed through", "it ends at the load balancer",
		func(l gatewayv1.Listener) bool {
			return l.TLS != nil && l.TLS.Mode != nil && *l.TLS.Mode == gatewayv1.TLSModePassthrough
		},
		func() gatewayv1.Listener {
			return gatewayv1.Listener{Protocol: gatewayv1.HTTPSProtocolType, TLS: &gatewayv1.ListenerTLSConfig{Mode: ptr.To(gatewayv1.TLSModePassthrough)}}
		}},
	{"two sources of certificates", "either Secrets or certificates of Google Cloud",
		func(l gatewayv1.Listener) bool {
			return l.TLS != nil && len(l.TLS.CertificateRefs) > 0 && len(l.TLS.Options) > 0
		},
		func() gatewayv1.Listener {
			return gatewayv1.Listener{Protocol: gatewayv1.HTTPSProtocolType, TLS: &gatewayv1.ListenerTLSConfig{
				CertificateRefs: make([]gatewayv1.SecretObjectReference, 1),
				Options:         map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{"networking.gke.io/pre-shared-certs": "pulso"},
			}}
		}},
}

var refusedGateways = []refusal[*gatewayv1.Gateway]{
	{"another class than the global external one", "the classic one has no weights",
		func(g *gatewayv1.Gateway) bool { return g.Spec.GatewayClassName != "gke-l7-global-external-managed" },
		func() *gatewayv1.Gateway {
			return &gatewayv1.Gateway{Spec: gatewayv1.GatewaySpec{GatewayClassName: "gke-l7-gxlb"}}
		}},
}

var refusedIngresses = []refusal[*networkingv1.Ingress]{
	{"ingressClassName", "GKE's Ingress controller looks at the annotation kubernetes.io/ingress.class only",
		func(i *networkingv1.Ingress) bool { return i.Spec.IngressClassName != nil },
		func() *networkingv1.Ingress {
			return &networkingv1.Ingress{Spec: networkingv1.IngressSpec{IngressClassName: ptr.To("gce")}}
		}},
	{"a certificate in a Secret", "there is no Secret here",
		func(i *networkingv1.Ingress) bool { return len(i.Spec.TLS) > 0 },
		func() *networkingv1.Ingress {
			return &networkingv1.Ingress{Spec: networkingv1.IngressSpec{TLS: make([]networkingv1.IngressTLS, 1)}}
		}},
}

// refuse is what of a thing GKE would not do.
func refuse[T any](t *testing.T, where string, thing T, refused []refusal[T]) {
	t.Helper()
	for _, r := range refused {
		if r.found(thing) {
			t.Errorf("%s has %s: %s", where, r.what, r.reason)
		}
	}
}

func TestNothingThatGKEDoesNotSupport(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		for name, g := range all[*gatewayv1.Gateway](c) {
			refuse(t, name, g, refusedGateways)
			for _, l := range g.Spec.Listeners {
				refuse(t, name+", "+string(l.Name), l, refusedListeners)
			}
		}
		for name, route := range all[*gatewayv1.HTTPRoute](c) {
			for i, rule := range route.Spec.Rules {
				where := fmt.Sprintf("%s, rule %d", name, i)
				refuse(t, where, rule, refusedRules)
				for _, m := range rule.Matches {
					refuse(t, where, m, refusedMatches)
				}
				for _, b := range rule.BackendRefs {
					refuse(t, where, b, refusedBackends)
				}
			}
		}
		for name, i := range all[*networkingv1.Ingress](c) {
			refuse(t, name, i, refusedIngresses)
		}
	})
}

func TestEveryRefusalRefuses(t *testing.T) {
	checkRefusals(t, refusedMatches)
	checkRefusals(t, refusedRules)
	checkRefusals(t, refusedBackends)
	checkRefusals(t, refusedListeners)
	checkRefusals(t, refusedGateways)
	checkRefusals(t, refusedIngresses)
}

func checkRefusals[T any](t *testing.T, refused []refusal[T]) {
	t.Helper()
	for i, r := range refused {
		for j, other := range refused {
			if r.found(other.example()) != (i == j) {
				t.Errorf("%s, for %s", r.what, other.what)
			}
		}
	}
}
