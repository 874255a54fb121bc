// Guest stands in for what a VM on Compute Engine finds outside itself, and lets the host's test run commands in it: the
// metadata server, Artifact Registry, and a shell over HTTP. It runs in the guest that agent/deploy/test boots, and
// nowhere else: whoever reaches its shell is root.
package main

import (
	"errors"
	"log"
	"net/http"
	"time"
)

// What the VM finds where, as the guest's /etc/hosts and addresses have it.
const (
	metadataAddress = "169.254.169.254:80"
	registryAddress = "127.0.0.1:80" // Docker speaks plain HTTP to loopback addresses
	shellAddress    = ":8083"

	folder = "/srv/pulso" // the disk that the test fills
	// token is what the metadata server hands out and the registry asks for.
	token = "ya29.c.no-secret_0123456789" //nolint:gosec // it opens nothing
)

func main() {
	ended := make(chan error)
	for address, handler := range map[string]http.Handler{
		metadataAddress: metadata(folder + "/metadata"),
		registryAddress: registry(folder + "/images"),
		shellAddress:    http.HandlerFunc(shell),
	} {
		server := http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		go func() { ended <- server.ListenAndServe() }()
	}
	log.Fatal(errors.Join(errors.New("a server ended"), <-ended))
}
