package gke_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/observer"
	"github.com/pulso-lab/pulso/internal/phase"
)

// TestGKE goes through it as an operator would, on one cluster. A step begins where the one before it has ended.
func TestGKE(t *testing.T) {
	r := newRig(t)
	r.step("what is wrong is refused", refused)
	r.step("the default is taken as it is written", taken)
	r.counted("over plain http", plain)
	r.counted("10,000 requests are split exactly", split)
	r.counted("weights change while it runs", weights)
	r.counted("one route alone", alone)
	r.counted("a pod that hangs", hanging)
	r.counted("a route whose database is away", away)
	r.counted("a version that does not start", unfit)
	r.counted("a roll-out under 150 users", rollout)
	r.counted("by Ingress", ingress)
}

// stepTimeout is twice what the longest step takes on a busy machine.
const stepTimeout = 3 * time.Minute

// step runs a part of the test, and ends the test when it fails.
func (r *rig) step(name string, do func(*rig)) {
	began := time.Now()
	if !r.Run(name, func(t *testing.T) {
		s := *r
		ctx, cancel := context.WithTimeout(t.Context(), stepTimeout)
		defer cancel()
		s.T, s.told, s.ctx = t, &ledger{}, ctx
		do(&s)
		t.Logf("%.1f s; %d rows acknowledged", time.Since(began).Seconds(), len(s.told.ids))
	}) {
		r.Fatalf("%v\n%s", r.cluster.Node.Err(), r.kubectl("get", "all,gateway,httproute,ingress", "-n", namespace, "-o", "wide"))
	}
}

// counted is a step that loses no row and stores none twice.
func (r *rig) counted(name string, do func(*rig)) {
	r.step(name, func(r *rig) {
		before := r.last()
		do(r)
		r.account(before)
	})
}

// refused: the API server does not take what cannot be meant.
func refused(r *rig) {
	refuse := func(why, manifest string) {
		r.Helper()
		output, err := r.cluster.Kubectl(r.Context(), manifest, "apply", "-f", "-")
		if err == nil {
			r.Errorf("it was taken, in spite of %q: %s\n%s", why, output, manifest)
		} else if !strings.Contains(err.Error(), why) {
			r.Errorf("not refused by %q but by %s", why, err)
		}
	}
	refuse("RFC 1123", "{apiVersion: v1, kind: Namespace, metadata: {name: so1_fase2}}")
	r.kubectl("apply", "-f", r.clone()+"/base/namespace.yaml")
	refuse(`unknown field "spec.replica"`, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, namespace: so1-fase2}, spec: {replica: 2,
		selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}`)
	refuse(`violates PodSecurity "restricted`, `{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: so1-fase2},
		spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}}`)
	if _, err := r.cluster.Kubectl(r.Context(), "", "apply", "--dry-run=server", "-k", ".."); err == nil || !strings.Contains(err.Error(), "PROJECT_ID") {
		r.Errorf("a clone whose project nobody named was not refused for it: %v", err)
	}
}

// taken: the API server keeps every object of the default, with https, as it is written, and the pods come up.
func taken(r *rig) {
	dir := r.clone()
	r.kubectl("apply", "-k", dir)
	if output, err := r.cluster.Kubectl(r.Context(), "", "diff", "-k", dir); err != nil {
		r.Errorf("it is not as it was applied: %s\n%s", err, output)
	}
	r.rolled()
	r.documented("kubectl wait --for=condition=complete job/migrator-latest -n so1-fase2 --timeout=10m")
	r.documented("kubectl rollout status deployment -l app.kubernetes.io/part-of=pulso -n so1-fase2")
	listener := r.kubectl("get", "gateway", "pulso", "-n", namespace, "-o",
		`jsonpath={.spec.listeners[*].port} {.spec.listeners[*].protocol} {.spec.listeners[0].tls.options}`)
	if want := `443 HTTPS {"networking.gke.io/pre-shared-certs":"pulso"}`; listener != want {
		r.Errorf("the gateway listens on %s, not on %s", listener, want)
	}
}

// plain: the component http opens the way in, and only where it should.
func plain(r *rig) {
	r.apply("http")
	r.rolled()
	r.kubectl("wait", "-n", namespace, "--for=condition=Programmed", "gateway/pulso", "--timeout=30s")
	if address := r.documented("kubectl get gateway pulso -n so1-fase2 -o jsonpath='{.status.addresses[0].value}'"); "http://"+address != entry {
		r.Errorf("the gateway's address is said to be %s", address)
	}
	r.open()
	c := r.client()
	for path, status := range map[string]int{"/api": 201, "/": 201, "/api/": 201, "/apix": 404, "/ready": 404, "/stats": 404, "/metrics": 404, "/health": 404, "/export.csv": 404, "/runs": 404} {
		if a := c.post(r.Context(), path, "plain"+path); a.status != status {
			r.Errorf("POST %s is answered %d, not %d", path, a.status, status)
		}
	}
	c.token = ""
	if a := c.post(r.Context(), "/api", "no token"); a.status != http.StatusUnauthorized {
		r.Errorf("without a token it is answered %d", a.status)
	}
}

// open returns when both routes answer through the entry point.
func (r *rig) open() {
	r.Helper()
	c := r.client()
	r.eventually(20*time.Second, "both routes answer", func() (bool, string) {
		t := c.send(r.Context(), 20)
		return t.statuses[http.StatusCreated] == 20 && len(t.routes) == 2, fmt.Sprint(t.statuses, t.routes)
	})
}

// split: the rows in the database say how the gateway shares out, and a client of the stream sees all of them.
func split(r *rig) {
	const requests = 10_000
	r.stranger()
	witness := r.observe("websocket")
	before := r.last()
	began := time.Now()
	t := r.client().send(r.Context(), requests)
	r.Logf("%d requests in %.1f s: %v", requests, time.Since(began).Seconds(), t.statuses)
	if rows := r.rows(before); !maps.Equal(rows, map[string]int{"api1": requests / 2, "api2": requests / 2}) {
		r.Errorf("the split is not 50/50: %v", rows)
	}
	r.saw(witness, t.ids)
	r.quiet()
}

// shares returns when the entry point shares so.
func (r *rig) shares(api1, api2 int) {
	r.Helper()
	c := r.client()
	want := map[string]int{}
	for name, n := range map[string]int{"api1": api1, "api2": api2} {
		if n > 0 {
			want[name] = n
		}
	}
	r.eventually(20*time.Second, fmt.Sprintf("the split is %d/%d", api1, api2), func() (bool, string) {
		t := c.send(r.Context(), 100)
		return maps.Equal(t.routes, want), fmt.Sprint(t.statuses, t.routes)
	})
}

// meanwhile sends requests while do runs: none of them may fail.
func (r *rig) meanwhile(do func()) {
	r.Helper()
	ctx, stop := context.WithCancel(r.Context())
	statuses := map[int]int{}
	var sending sync.WaitGroup
	c := r.client()
	sending.Go(func() {
		for ctx.Err() == nil {
			for status, n := range c.send(r.Context(), 50).statuses {
				statuses[status] += n
			}
			time.Sleep(pause)
		}
	})
	do()
	stop()
	sending.Wait()
	if len(statuses) != 1 || statuses[http.StatusCreated] == 0 {
		r.Errorf("requests failed meanwhile: %v; the last one without an answer: %v", statuses, r.told.lost)
	}
}

// weights: they can be changed while requests come.
func weights(r *rig) {
	r.meanwhile(func() {
		r.documented(`kubectl patch httproute pulso -n so1-fase2 --type=json -p '[
  {"op": "replace", "path": "/spec/rules/1/backendRefs/0/weight", "value": 90},
  {"op": "replace", "path": "/spec/rules/1/backendRefs/1/weight", "value": 10}]'`)
		r.eventually(20*time.Second, "the gateway has the new weights", func() (bool, string) {
			before := r.last()
			time.Sleep(pause)
			rows := r.rows(before)
			return rows["api1"] > 5*rows["api2"], fmt.Sprint(rows)
		})
	})
	r.shares(90, 10)
	if weights := r.documented("kubectl get httproute pulso -n so1-fase2 -o jsonpath='{.spec.rules[1].backendRefs[*].weight}'"); weights != "90 10" {
		r.Errorf("the weights are said to be %s", weights)
	}
	r.apply("http")
	r.shares(50, 50)
}

// alone: the components single-route.
func alone(r *rig) {
	r.apply("http", "single-route/api1")
	r.shares(100, 0)
	r.apply("http", "single-route/api2")
	r.shares(0, 100)
	r.apply("http")
	r.shares(50, 50)
}

// pods is the names of the pods that a Service sends to.
func (r *rig) pods(service string) []string {
	r.Helper()
	return strings.Fields(r.kubectl("get", "endpointslices", "-n", namespace, "-l", "kubernetes.io/service-name="+service, "-o",
		"jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.targetRef.name} {end}"))
}

// ready waits until a Service sends to so many pods.
func (r *rig) ready(service string, pods int) {
	r.Helper()
	r.eventually(40*time.Second, fmt.Sprintf("%d pods of %s are ready", pods, service), func() (bool, string) {
		ready := r.pods(service)
		return len(ready) == pods, fmt.Sprint(ready)
	})
}

// hanging: of two pods of a route one hangs. Who waits in vain and tries again gets through; once the pod is not ready nobody
// comes to it; and what it does when it wakes up, with requests long repeated elsewhere, does not count twice.
func hanging(r *rig) {
	c := r.client()
	c.http.Timeout = 2 * time.Second // who waits longer tries again
	sick := r.pods("api1")[0]
	r.check(r.cluster.Node.Signal(sick, syscall.SIGSTOP))
	t := c.deliver(r.Context(), 1000)
	r.Logf("1000 requests were acknowledged after %d retries", t.retries)
	if t.retries == 0 {
		r.Error("no request met the pod that hung")
	}
	r.ready("api1", 1)
	r.shares(50, 50)
	r.check(r.cluster.Node.Signal(sick, syscall.SIGCONT))
	r.ready("api1", 2)
	r.shares(50, 50)
}

// away: the pods of a route cannot reach the database. Weights do not fail over: its share is refused, with nothing stored,
// and gets through to the other route as its clients try again.
func away(r *rig) {
	c := r.client()
	r.execute("ALTER USER 'pulso-api1'@'%' ACCOUNT LOCK")
	r.execute("KILL USER 'pulso-api1'")
	t := c.deliver(r.Context(), 400)
	r.Logf("400 requests were acknowledged, %v, after %d retries", t.routes, t.retries)
	r.ready("api1", 0)
	r.eventually(10*time.Second, "half of the requests are refused, with nothing stored", func() (bool, string) {
		t := c.send(r.Context(), 100)
		return t.statuses[http.StatusServiceUnavailable] == 50 && t.routes["api2"] == 50, fmt.Sprint(t.statuses, t.routes)
	})
	t = c.deliver(r.Context(), 400)
	if t.routes["api2"] != 400 || t.retries < 200 {
		r.Errorf("%v after %d retries", t.routes, t.retries)
	}
	r.execute("ALTER USER 'pulso-api1'@'%' ACCOUNT UNLOCK")
	r.ready("api1", 2)
	if restarts := r.kubectl("get", "pods", "-n", namespace, "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}"); strings.Trim(restarts, "0 ") != "" {
		r.Errorf("pods were started again, which brings no database back: %s", restarts)
	}
	r.shares(50, 50)
}

// end ends the pods of a Deployment that are about to go, without their preStop and grace.
func (r *rig) end(deployment string) {
	r.Helper()
	stay := r.pods(deployment)
	r.eventually(20*time.Second, "the pods that were to go have gone", func() (bool, string) {
		left := strings.Fields(r.kubectl("get", "pods", "-n", namespace, "-l", "app.kubernetes.io/name="+deployment, "-o", "jsonpath={.items[*].metadata.name}"))
		for _, name := range left {
			if !slices.Contains(stay, name) {
				_ = r.cluster.Node.Signal(name, syscall.SIGKILL) // one that has just ended needs none
			}
		}
		return len(left) == len(stay), fmt.Sprint(left)
	})
}

// unfit: a version whose pods do not become ready gets no request, and takes no pod away; the way back is one command.
func unfit(r *rig) {
	r.meanwhile(func() {
		r.kubectl("set", "env", "deployment/api1", "PULSO_DB_POOL=none", "-n", namespace)
		r.eventually(20*time.Second, "its first pod was started again", func() (bool, string) {
			restarts := r.kubectl("get", "pods", "-n", namespace, "-l", "app.kubernetes.io/name=api1", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}")
			return strings.ContainsFunc(restarts, func(c rune) bool { return c > '1' }), restarts
		})
		if pods := r.pods("api1"); len(pods) != 2 {
			r.Errorf("the pods of api1 are %v", pods)
		}
		r.documented("kubectl rollout undo deployment/api1 -n so1-fase2")
		r.rolled()
	})
}

// rollout: both Deployments are rolled out while 150 users send and two clients of the stream watch. Traefik keeps no session
// to one pod, which a client that polls needs; Google's load balancer does, by the policy that the manifests have for it: so
// there is one pod of the socket service here.
func rollout(r *rig) {
	const records = 3300 // 60 a second, for about as long as old pods drain
	r.apply("http", "without-autoscaling")
	r.kubectl("patch", "hpa", "socket", "-n", namespace, "-p", `{"spec":{"minReplicas":1,"maxReplicas":1}}`)
	r.ready("socket", 1)
	r.end("socket") // else a witness may come to the one that leaves, just before the gateway hears of it
	witnesses := []*observer.Observer{r.observe("websocket"), r.observe("polling")}
	before := r.last()
	var s phase.Summary
	sent := make(chan error, 1)
	replay := r.replay(records)
	go func() {
		var err error
		s, err = replay()
		sent <- err
	}()
	r.eventually(30*time.Second, "the users send", func() (bool, string) { return r.last() > before+100, "see trafico_salida.py.log" })
	r.meanwhile(func() {
		old := append(r.pods("api1"), r.pods("api2")...)
		r.kubectl("rollout", "restart", "deployment/api1", "deployment/api2", "-n", namespace)
		r.rolled()
		r.eventually(90*time.Second, "the old pods have gone", func() (bool, string) {
			left := r.kubectl("get", "pods", "-n", namespace, "-o", "name")
			return !slices.ContainsFunc(old, func(name string) bool { return strings.Contains(left, name) }), left
		})
	})
	r.check(<-sent)
	r.Logf("%d of %d records acknowledged, %d retried, %d refused, in %.0f s", s.Acknowledged, s.Records, s.Retried, s.Refused, s.Seconds)
	if s.Acknowledged != records {
		r.Errorf("%d of %d were acknowledged", s.Acknowledged, records)
	}
	for _, witness := range witnesses {
		r.saw(witness, s.AcknowledgedIDs)
	}
}

// ingress: the component instead of the Gateway. It has no weights: one Service holds the pods of both routes.
func ingress(r *rig) {
	const requests = 2000
	r.documented("kubectl delete gateway,httproute,healthcheckpolicy,gcpbackendpolicy --all -n so1-fase2")
	r.apply("http", "ingress")
	r.rolled()
	r.eventually(20*time.Second, "the Ingress has its address", func() (bool, string) {
		address := r.documented("kubectl get ingress pulso -n so1-fase2 -o jsonpath='{.status.loadBalancer.ingress[0].ip}'")
		return "http://"+address == entry, address
	})
	r.open()
	before := r.last()
	t := r.client().send(r.Context(), requests)
	rows := r.rows(before)
	r.Logf("%d requests through the Ingress: %v, rows %v", requests, t.statuses, rows)
	if t.statuses[http.StatusCreated] != requests || rows["api1"] < requests*2/5 || rows["api2"] < requests*2/5 {
		r.Errorf("%v, rows %v", t.statuses, rows)
	}
	witness := r.observe("websocket")
	r.saw(witness, r.client().send(r.Context(), 100).ids)
	if pods := append(r.pods("api1"), r.pods("api2")...); len(pods) != 4 {
		r.Errorf("the pods of both routes are %v", pods)
	}
}
