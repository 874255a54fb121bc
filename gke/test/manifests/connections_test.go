package manifests

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// The max_connections of the Cloud SQL instance: what Terraform sets by default, and in its small preset.
const (
	maxConnections      = 500
	maxConnectionsSmall = 250
)

// connections is the most that all pods hold at once: during a roll-out of every Deployment at its full size, when the
// old pods, which keep theirs for up to a minute, are as many as the new ones, and one more is on its way.
func connections(t *testing.T, c combination) int {
	t.Helper()
	pods := templates(c)
	pool := func(name string) int {
		n, err := strconv.Atoi(variable(service(t, pods[name]), "PULSO_DB_POOL"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	sum := pool("migrator") + 1 // to change the tables it has one of its own
	for name := range c.ports() {
		d := one[*appsv1.Deployment](t, c, name).Spec
		most := int(one[*autoscalingv2.HorizontalPodAutoscaler](t, c, name).Spec.MaxReplicas)
		each := pool(name)
		if name == "socket" {
			each += socketPast(t)
		}
		sum += each * (2*most + d.Strategy.RollingUpdate.MaxSurge.IntValue())
	}
	return sum
}

// socketPast is the connections that the socket service has beyond its pool.
func socketPast(t *testing.T) int {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(gke, "../socket/main.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^const pastPool = (\d+)$`).FindSubmatch(source)
	if found == nil {
		t.Fatal("socket/main.go does not say pastPool")
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheDatabaseHasConnectionsForAll(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		if n := connections(t, c); n > maxConnections*80/100 {
			t.Errorf("%d connections, of %d", n, maxConnections)
		}
	})
	if n := connections(t, built(t, "without-autoscaling")); n > maxConnectionsSmall*80/100 {
		t.Errorf("%d connections, of the small database's %d", n, maxConnectionsSmall)
	}
}

// gke/README.md says the figures.
func TestTheConnectionsAreDocumented(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(gke, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{maxConnections, maxConnectionsSmall, connections(t, built(t)), connections(t, built(t, "without-autoscaling"))} {
		if !regexp.MustCompile(`\b` + strconv.Itoa(n) + `\b`).Match(readme) {
			t.Errorf("README.md does not say %d", n)
		}
	}
}
