package cluster

import (
	"path/filepath"
)

// gatewayClass bears the name of Google's class, so that the shipped Gateway is taken as it is, and Traefik's controller.
const gatewayClass = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: gke-l7-global-external-managed
spec:
  controllerName: traefik.io/gateway-controller
`

// startGateway starts Traefik for Gateways of that class and for Ingresses of class gce. An entry point's port must be the
// listener's.
func startGateway(config Config, control *controlPlane) (*process, error) {
	access := func(provider string) []string {
		return []string{
			"--providers." + provider + ".endpoint=" + apiServerURL,
			"--providers." + provider + ".token=" + control.token,
			"--providers." + provider + ".certauthfilepath=" + control.ca,
			"--providers." + provider + ".throttleduration=100ms",
		}
	}
	arguments := []string{
		"--entrypoints.http.address=" + GatewayAddress + ":80",
		"--providers.kubernetesgateway.statusaddress.ip=" + GatewayAddress,
		"--providers.kubernetesingress.ingressclass=gce",
		"--providers.kubernetesingress.ingressendpoint.ip=" + GatewayAddress,
		"--log.level=INFO", "--accesslog=false", "--global.checknewversion=false", "--global.sendanonymoususage=false",
	}
	arguments = append(arguments, access("kubernetesgateway")...)
	arguments = append(arguments, access("kubernetesingress")...)
	return start(config.Dir, filepath.Join(config.Programs, "traefik"), arguments...)
}
