package manifests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// served is the paths into each pod; the migrator has none.
var served = map[string][]string{
	"api1":     {"130.211.0.0/22 TCP/5000", "35.191.0.0/16 TCP/5000"},
	"api2":     {"130.211.0.0/22 TCP/3000", "35.191.0.0/16 TCP/3000"},
	"socket":   {"10.10.8.0/26 TCP/4000", "130.211.0.0/22 TCP/4000", "35.191.0.0/16 TCP/4000"},
	"migrator": nil,
}

// asked is the paths out of every pod.
var asked = []string{
	"0.0.0.0/0 without 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 TCP/443", // Google's APIs
	"10.20.0.0/20 TCP/3307",      // Cloud SQL
	"169.254.169.252/32 TCP/988", // the metadata server
	"169.254.169.254/32 TCP/53",  // Cloud DNS
	"169.254.169.254/32 TCP/80",  // the metadata server, with Dataplane V2
	"169.254.169.254/32 UDP/53",
	"169.254.20.10/32 TCP/53", // the node's cache of names
	"169.254.20.10/32 UDP/53",
	"kubernetes.io/metadata.name=kube-system k8s-app in (kube-dns,node-local-dns) TCP/53",
	"kubernetes.io/metadata.name=kube-system k8s-app in (kube-dns,node-local-dns) UDP/53",
}

func TestNothingElseGoesInOrOut(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		for name, pod := range templates(c) {
			in, out := paths(t, c, pod)
			want := served[name]
			if name == "socket" && c.has("without-ingest") {
				want = []string{"10.10.8.0/26 TCP/4000"}
			}
			if !slices.Equal(in, want) {
				t.Errorf("into %s:\n%s", name, strings.Join(in, "\n"))
			}
			if !slices.Equal(out, asked) {
				t.Errorf("out of %s:\n%s", name, strings.Join(out, "\n"))
			}
		}
	})
}

// Also a pod that nobody thought of is shut off.
func TestDenialIsTheDefault(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		both := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
		deny := one[*networkingv1.NetworkPolicy](t, c, "deny-all").Spec
		if !everyPod(deny.PodSelector) || !slices.Equal(deny.PolicyTypes, both) || deny.Ingress != nil || deny.Egress != nil {
			t.Errorf("%v", deny)
		}
	})
}

func everyPod(s metav1.LabelSelector) bool {
	return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

// paths is what the policies let into a pod and out of it: a peer and a port each.
func paths(t *testing.T, c combination, pod corev1.PodTemplateSpec) (in, out []string) {
	t.Helper()
	inside, outside := map[string]bool{}, map[string]bool{}
	for name, p := range all[*networkingv1.NetworkPolicy](c) {
		selector, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
		if err != nil {
			t.Fatal(err)
		}
		if !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		// Rules of a direction that is not named do nothing.
		for _, direction := range p.Spec.PolicyTypes {
			switch direction {
			case networkingv1.PolicyTypeIngress:
				for _, rule := range p.Spec.Ingress {
					pairs(t, inside, rule.From, rule.Ports, pod)
				}
			case networkingv1.PolicyTypeEgress:
				for _, rule := range p.Spec.Egress {
					pairs(t, outside, rule.To, rule.Ports, pod)
				}
			default:
				t.Errorf("%s is of the direction %s", name, direction)
			}
		}
	}
	return slices.Sorted(maps.Keys(inside)), slices.Sorted(maps.Keys(outside))
}

func pairs(t *testing.T, into map[string]bool, peers []networkingv1.NetworkPolicyPeer, open []networkingv1.NetworkPolicyPort, pod corev1.PodTemplateSpec) {
	t.Helper()
	if len(peers) == 0 || len(open) == 0 {
		t.Error("a rule without peers or ports is open to all")
	}
	for _, peer := range peers {
		for _, port := range open {
			into[describe(peer)+" "+number(t, port, pod)] = true
		}
	}
}

func describe(peer networkingv1.NetworkPolicyPeer) string {
	if b := peer.IPBlock; b != nil {
		if len(b.Except) == 0 {
			return b.CIDR
		}
		return b.CIDR + " without " + strings.Join(b.Except, " ")
	}
	return metav1.FormatLabelSelector(peer.NamespaceSelector) + " " + metav1.FormatLabelSelector(peer.PodSelector)
}

func number(t *testing.T, port networkingv1.NetworkPolicyPort, pod corev1.PodTemplateSpec) string {
	t.Helper()
	protocol := corev1.ProtocolTCP
	if port.Protocol != nil {
		protocol = *port.Protocol
	}
	for _, c := range service(t, pod).Ports {
		if c.Name == port.Port.StrVal {
			return fmt.Sprintf("%s/%d", protocol, c.ContainerPort)
		}
	}
	return fmt.Sprintf("%s/%s", protocol, port.Port)
}
