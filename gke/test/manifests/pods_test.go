package manifests

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	secretsv1 "sigs.k8s.io/secrets-store-csi-driver/apis/v1"
	"sigs.k8s.io/yaml"
)

// ports is the services and where they listen.
var ports = map[string]int32{"api1": 5000, "api2": 3000, "socket": 4000}

// ports is those that a combination leaves.
func (c combination) ports() map[string]int32 {
	if c.has("without-ingest") {
		return map[string]int32{"socket": ports["socket"]}
	}
	return ports
}

// templates is the pods of all Deployments and Jobs by their names, the migrator's without its tag.
func templates(c combination) map[string]corev1.PodTemplateSpec {
	found := map[string]corev1.PodTemplateSpec{}
	for name, d := range all[*appsv1.Deployment](c) {
		found[name] = d.Spec.Template
	}
	for name, j := range all[*batchv1.Job](c) {
		name, _, _ = strings.Cut(name, "-")
		found[name] = j.Spec.Template
	}
	return found
}

// service is the one container of a pod.
func service(t *testing.T, template corev1.PodTemplateSpec) corev1.Container {
	t.Helper()
	if len(template.Spec.Containers) != 1 || len(template.Spec.InitContainers) != 0 {
		t.Fatalf("containers: %v, %v", template.Spec.Containers, template.Spec.InitContainers)
	}
	return template.Spec.Containers[0]
}

// variable is what the environment of a container says.
func variable(c corev1.Container, name string) string {
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func TestPodsAreConfined(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T, c combination) {
		pods := templates(c)
		if len(pods) != len(c.ports())+1 { // the migrator's
			t.Fatalf("pods: %v", pods)
		}
		for name, pod := range pods {
			restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
			for _, found := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
				if !found.Allowed {
					t.Errorf("%s: Pod Security: %s, %s", name, found.ForbiddenReason, found.ForbiddenDetail)
				}
			}
			// What Pod Security does not ask for.
			if of := service(t, pod).SecurityContext; of == nil || of.ReadOnlyRootFilesystem == nil || !*of.ReadOnlyRootFilesystem {
				t.Errorf("%s may write to its root", name)
			}
			if drop := service(t, pod).SecurityContext.Capabilities; drop == nil || len(drop.Add) > 0 {
				t.Errorf("%s has capabilities: %v", name, drop)
			}
			if mount := pod.Spec.AutomountServiceAccountToken; mount == nil || *mount {
				t.Errorf("%s has a token of the API server", name)
			}
			if as := pod.Spec.SecurityContext; *as.RunAsUser != 65532 || *as.RunAsGroup != 65532 {
				t.Errorf("%s runs as %d:%d", name, *as.RunAsUser, *as.RunAsGroup)
			}
		}
		space := one[*corev1.Namespace](t, c, namespace).Labels
		for _, mode := range []string{"enforce", "warn", "audit"} {
			if level := space["pod-security.kubernetes.io/"+mode]; level != "restricted" {
				t.Errorf("%s: %q", mode, level)
			}
		}
	})
}

func TestEveryPodHasANameAndAnAccountOfItsOwn(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		for name, pod := range templates(c) {
			if pod.Labels["app.kubernetes.io/name"] != name {
				t.Errorf("%s has labels %v", name, pod.Labels)
			}
			if pod.Spec.ServiceAccountName != name {
				t.Errorf("%s runs as %q", name, pod.Spec.ServiceAccountName)
			}
			account := one[*corev1.ServiceAccount](t, c, name)
			google := fmt.Sprintf("pulso-%s@%s.iam.gserviceaccount.com", name, Project)
			if bound := account.Annotations["iam.gke.io/gcp-service-account"]; bound != google {
				t.Errorf("%s is bound to %q", name, bound)
			}
			// Cloud SQL's name of an account is what is before the @.
			if user := variable(service(t, pod), "PULSO_DB_USER"); user+"@"+Project+".iam.gserviceaccount.com" != google {
				t.Errorf("%s logs in as %q", name, user)
			}
		}
	})
}

func TestTheMigratorGrantsToEveryService(t *testing.T) {
	pods := templates(built(t))
	migrator := service(t, pods["migrator"])
	granted := strings.Split(variable(migrator, "PULSO_INGEST_USERS")+","+variable(migrator, "PULSO_SOCKET_USERS"), ",")
	var users []string
	for _, name := range []string{"api1", "api2", "socket"} {
		users = append(users, variable(service(t, pods[name]), "PULSO_DB_USER"))
	}
	if !reflect.DeepEqual(granted, users) {
		t.Errorf("grants to %v; the services are %v", granted, users)
	}
}

// What a pod is told is what a program reads, docs/operations.md.
func TestEveryVariableIsKnown(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(gke, "../docs/operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([A-Z][A-Z0-9_]*)`").FindAllSubmatch(row[1], -1) {
			known[string(name[1])] = true
		}
	}
	c := built(t)
	ingest := "FUNCTION_TARGET PORT PULSO_DB_POOL PULSO_DB_USER PULSO_INGEST_TOKEN_FILE"
	set := map[string]string{
		"api1": ingest, "api2": ingest, // and each writes as its name says
		"socket":   "PORT PULSO_DB_POOL PULSO_DB_USER PULSO_SOCKET_CLIENTS PULSO_SOCKET_TOKEN_FILE",
		"migrator": "PULSO_DB_POOL PULSO_DB_USER PULSO_INGEST_USERS PULSO_SOCKET_USERS",
	}
	for name, pod := range templates(c) {
		container := service(t, pod)
		var names []string
		for _, v := range container.Env {
			if !known[v.Name] {
				t.Errorf("%s: %s is not in the table of docs/operations.md", name, v.Name)
			}
			names = append(names, v.Name)
		}
		slices.Sort(names)
		if found := strings.Join(names, " "); found != set[name] {
			t.Errorf("%s is told %s", name, found)
		}
		if len(container.EnvFrom) != 1 {
			t.Fatalf("%s: %v", name, container.EnvFrom)
		}
		shared := one[*corev1.ConfigMap](t, c, container.EnvFrom[0].ConfigMapRef.Name).Data
		want := map[string]string{"PULSO_CLOUDSQL_INSTANCE": Project + ":us-central1:pulso", "PULSO_DB_NAME": "pulso"}
		if !reflect.DeepEqual(shared, want) {
			t.Errorf("%s: %v", name, shared)
		}
	}
}

func TestImages(t *testing.T) {
	images := map[string]string{"api1": "functions", "api2": "functions", "socket": "socket", "migrator": "migrator"}
	for name, pod := range templates(built(t)) {
		if image := service(t, pod).Image; image != "us-central1-docker.pkg.dev/"+Project+"/pulso/"+images[name]+":latest" {
			t.Errorf("%s runs %s", name, image)
		}
	}
	one[*batchv1.Job](t, built(t), "migrator-latest")
}

// The two routes are compared: but for their names, the port and the pool their objects are the same.
func TestTheRoutesAreOneVariableApart(t *testing.T) {
	alike := strings.NewReplacer("api2", "api1", `value: "3000"`, `value: "5000"`, "containerPort: 3000", "containerPort: 5000",
		"port: 3000", "port: 5000", `value: "4"`, `value: "20"`)
	everywhere(t, func(t *testing.T, c combination) {
		written := func(name string) map[string]string {
			kinds := map[string]string{}
			for _, o := range c.objects {
				if o.(metav1.Object).GetName() == name {
					text, err := yaml.Marshal(o)
					if err != nil {
						t.Fatal(err)
					}
					kinds[o.GetObjectKind().GroupVersionKind().Kind] = alike.Replace(string(text))
				}
			}
			return kinds
		}
		of1, of2 := written("api1"), written("api2")
		if (len(of1) < 4) != c.has("without-ingest") || !reflect.DeepEqual(of1, of2) {
			t.Errorf("%v\n\n%v", of1, of2)
		}
	})
}

func TestRollOuts(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		for name := range c.ports() {
			d := one[*appsv1.Deployment](t, c, name)
			r := d.Spec.Strategy.RollingUpdate
			if d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || r == nil || r.MaxSurge.IntValue() != 1 || r.MaxUnavailable.IntValue() != 0 || r.MaxUnavailable.Type != intstr.Int {
				t.Errorf("%s: a roll-out of %v", name, d.Spec.Strategy)
			}
			if d.Spec.MinReadySeconds < 5 {
				t.Errorf("%s: a pod that falls over after %d s counts", name, d.Spec.MinReadySeconds)
			}
			selects(t, c, d.Spec.Selector, name)
			b := one[*policyv1.PodDisruptionBudget](t, c, name).Spec
			selects(t, c, b.Selector, name)
			if b.MaxUnavailable.IntValue() != 1 || *b.UnhealthyPodEvictionPolicy != policyv1.AlwaysAllow {
				t.Errorf("%s: disruptions: %v", name, b)
			}
		}
	})
}

// selects looks whether a selector has the pods of one Deployment and no others.
func selects(t *testing.T, c combination, selector *metav1.LabelSelector, wanted string) {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	for name, pod := range templates(c) {
		if s.Matches(labels.Set(pod.Labels)) != (name == wanted) {
			t.Errorf("%s: %v and the pods of %s", wanted, selector, name)
		}
	}
}

// drain is the most that a service takes to end after SIGTERM, internal/service.
const drain = 10 // seconds

func TestAPodGoesAfterTheLoadBalancerHasLetItGo(t *testing.T) {
	for name := range ports {
		pod := templates(built(t))[name]
		container := service(t, pod)
		stop := container.Lifecycle.PreStop.Sleep
		if stop == nil || stop.Seconds < 40 {
			t.Errorf("%s: preStop %v; the load balancer needs 40 s", name, container.Lifecycle.PreStop)
			continue
		}
		if grace := *pod.Spec.TerminationGracePeriodSeconds; grace < stop.Seconds+drain {
			t.Errorf("%s is killed after %d s, of which it sleeps %d", name, grace, stop.Seconds)
		}
	}
}

func TestProbes(t *testing.T) {
	for name, port := range ports {
		container := service(t, templates(built(t))[name])
		if len(container.Ports) != 1 || container.Ports[0].Name != "http" || container.Ports[0].ContainerPort != port || variable(container, "PORT") != fmt.Sprint(port) {
			t.Errorf("%s: ports %v, PORT=%s", name, container.Ports, variable(container, "PORT"))
		}
		for what, p := range map[string]struct {
			probe *corev1.Probe
			path  string
		}{
			"startup":   {container.StartupProbe, "/health"},
			"readiness": {container.ReadinessProbe, "/ready"},
			// Of the database it must know nothing: its outage would restart everything.
			"liveness": {container.LivenessProbe, "/health"},
		} {
			if p.probe == nil || p.probe.HTTPGet == nil || p.probe.HTTPGet.Path != p.path || p.probe.HTTPGet.Port.String() != "http" {
				t.Errorf("%s: %s: %v", name, what, p.probe)
			}
		}
		// A start may be slow, and so may an answer on a busy CPU.
		for _, p := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe} {
			if patience := p.PeriodSeconds * p.FailureThreshold; patience < 30 {
				t.Errorf("%s is restarted after %d s", name, patience)
			}
		}
		if wait := container.LivenessProbe.TimeoutSeconds; wait < 5 {
			t.Errorf("%s: liveness gives up after %d s", name, wait)
		}
		// /ready itself waits for 2 s.
		if container.ReadinessProbe.TimeoutSeconds <= 2 {
			t.Errorf("%s: readiness gives up after %d s", name, container.ReadinessProbe.TimeoutSeconds)
		}
		// Said, and not Kubernetes' defaults: docs/operations.md tells how long a pod that hangs gets requests.
		if out := container.ReadinessProbe.PeriodSeconds * container.ReadinessProbe.FailureThreshold; out < 1 || out > 12 {
			t.Errorf("%s is out after %d s", name, out)
		}
	}
}

func TestResources(t *testing.T) {
	for name, pod := range templates(built(t)) {
		r := service(t, pod).Resources
		if s := pod.Spec; len(s.NodeSelector)+len(s.Tolerations) > 0 || s.Affinity != nil || r.Limits.Cpu().Value() > 1 {
			t.Errorf("%s asks for a node that may not be there: %v", name, s)
		}
		if r.Requests.Cpu().IsZero() || r.Limits.Cpu().IsZero() || r.Requests.Memory().IsZero() {
			t.Errorf("%s: %v", name, r)
		}
		// What it may use it has: memory cannot be taken back but by killing.
		if r.Requests.Memory().Cmp(*r.Limits.Memory()) != 0 {
			t.Errorf("%s: memory %v", name, r)
		}
		if _, serves := ports[name]; serves && r.Limits.Memory().Value() != 512<<20 {
			t.Errorf("%s: its own limits are made for 512 MiB: %v", name, r)
		}
	}
}

// The figures are those of docs/operations.md: 60 KiB a client, and what clients that come back may have missed.
func TestTheSocketsClientsFitIntoItsMemory(t *testing.T) {
	socket := service(t, templates(built(t))["socket"])
	clients, err := strconv.ParseInt(variable(socket, "PULSO_SOCKET_CLIENTS"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if need, has := clients*60<<10+150<<20, socket.Resources.Limits.Memory().Value(); need > has {
		t.Errorf("%d clients need %d MiB of %d", clients, need>>20, has>>20)
	}
}

func TestPodsAreSpread(t *testing.T) {
	c := built(t)
	for name := range ports {
		pod := templates(c)[name]
		var over []string
		for _, spread := range pod.Spec.TopologySpreadConstraints {
			over = append(over, spread.TopologyKey)
			if spread.MaxSkew != 1 || spread.WhenUnsatisfiable != corev1.ScheduleAnyway {
				t.Errorf("%s: %v", name, spread)
			}
			// As the API server does with its keys; pod-template-hash is not known before.
			own := spread.LabelSelector.DeepCopy()
			for _, key := range spread.MatchLabelKeys {
				if key != "pod-template-hash" {
					metav1.AddLabelToSelector(own, key, pod.Labels[key])
				}
			}
			selects(t, c, own, name)
			if !slices.Contains(spread.MatchLabelKeys, "pod-template-hash") {
				t.Errorf("%s: old pods count: %v", name, spread.MatchLabelKeys)
			}
		}
		if !reflect.DeepEqual(over, []string{"topology.kubernetes.io/zone", "kubernetes.io/hostname"}) {
			t.Errorf("%s is spread over %v", name, over)
		}
	}
}

// The autoscaler has the number of pods, also where it may not change it; never the Deployment: they would take turns.
func TestSizes(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		most := int32(4)
		if c.has("without-autoscaling") || c.has("ingress") { // an Ingress shares out over pods
			most = 2
		}
		for name := range c.ports() {
			if replicas := one[*appsv1.Deployment](t, c, name).Spec.Replicas; replicas != nil {
				t.Errorf("%s: %d replicas, which are the autoscaler's", name, *replicas)
			}
			s := one[*autoscalingv2.HorizontalPodAutoscaler](t, c, name).Spec
			if *s.MinReplicas != 2 || s.MaxReplicas != most || len(s.Metrics) != 1 {
				t.Fatalf("%s: %v", name, s)
			}
			m := s.Metrics[0]
			if m.Type != autoscalingv2.ResourceMetricSourceType || m.Resource.Name != corev1.ResourceCPU ||
				m.Resource.Target.Type != autoscalingv2.UtilizationMetricType || *m.Resource.Target.AverageUtilization > 80 {
				t.Errorf("%s: %v", name, m)
			}
			if s.ScaleTargetRef.APIVersion != "apps/v1" || s.ScaleTargetRef.Kind != "Deployment" || s.ScaleTargetRef.Name != name {
				t.Errorf("%s scales %v", name, s.ScaleTargetRef)
			}
		}
	})
}

func TestTheMigratorIsAJobThatCanBeRepeated(t *testing.T) {
	job := one[*batchv1.Job](t, built(t), "migrator-latest").Spec
	if job.TTLSecondsAfterFinished == nil {
		t.Error("it stays, and the same tag cannot be applied again")
	}
	if job.Template.Spec.RestartPolicy != corev1.RestartPolicyNever || *job.BackoffLimit < 1 {
		t.Errorf("attempts: %v %d", job.Template.Spec.RestartPolicy, *job.BackoffLimit)
	}
	if job.ActiveDeadlineSeconds != nil {
		t.Error("a deadline can cut a migration off")
	}
}

// checkToken looks whether a service reads its token from where Secret Manager's is mounted.
func checkToken(t *testing.T, c combination, name, class string) {
	t.Helper()
	var parameters []struct{ ResourceName, Path string }
	secrets := one[*secretsv1.SecretProviderClass](t, c, class).Spec
	if err := yaml.UnmarshalStrict([]byte(secrets.Parameters["secrets"]), &parameters); err != nil || len(parameters) != 1 {
		t.Fatalf("%s: %v, %v", class, parameters, err)
	}
	resource := fmt.Sprintf("projects/%s/secrets/pulso-%s/versions/latest", Project, class)
	if secrets.Provider != "gke" || parameters[0].ResourceName != resource {
		t.Errorf("%s: %v", class, secrets)
	}
	pod := templates(c)[name]
	container := service(t, pod)
	if len(pod.Spec.Volumes) != 1 || len(container.VolumeMounts) != 1 || container.VolumeMounts[0].Name != pod.Spec.Volumes[0].Name {
		t.Fatalf("%s: %v at %v", name, pod.Spec.Volumes, container.VolumeMounts)
	}
	volume := pod.Spec.Volumes[0].CSI
	if !container.VolumeMounts[0].ReadOnly || volume == nil || volume.Driver != "secrets-store-gke.csi.k8s.io" || volume.ReadOnly == nil || !*volume.ReadOnly ||
		volume.VolumeAttributes["secretProviderClass"] != class {
		t.Errorf("%s: %v", name, volume)
	}
	file := "PULSO_" + strings.ReplaceAll(strings.ToUpper(class), "-", "_") + "_FILE"
	if read := variable(container, file); read != container.VolumeMounts[0].MountPath+"/"+parameters[0].Path {
		t.Errorf("%s reads %s=%q", name, file, read)
	}
}
