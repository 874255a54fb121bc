package main

import (
	"io"
	"net/http"
	"os/exec"
)

// shell runs the request's body as a script of bash, with the environment that a service of systemd has, and answers
// with what it prints. A script that fails answers 422.
func shell(w http.ResponseWriter, r *http.Request) {
	script, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	output, err := exec.CommandContext(r.Context(), "bash", "-euo", "pipefail", "-c", string(script)).CombinedOutput() //nolint:gosec // that is what it is for
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		output = append(output, err.Error()...)
	}
	_, _ = w.Write(output)
}
