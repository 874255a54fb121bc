// Package api is the agent's HTTP edge, and the only place that knows gin.
//
// /metrics is meant to be polled by hundreds of clients on the VM that is being measured, so it computes nothing: it
// picks one of three bodies that were encoded when the sample was taken. /procesos is asked by people, and pays for
// its sorting and encoding itself. /vm is the same as long as the agent runs, and is encoded once.
//
// Requests are not logged: at hundreds a second the log would be load of its own. What an operator must know, the
// sampler logs when it changes.
package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/pulso-lab/pulso/agent/internal/exposition"
	"github.com/pulso-lab/pulso/agent/internal/sampler"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/service"
)

// Samples is where the newest sample comes from, with a process table or perhaps without. Its error is the reason why
// there is none, for a person.
type Samples interface {
	Latest() (*sampler.Snapshot, error)
	LatestTable(ctx context.Context) (*sampler.Snapshot, error)
}

// New is the agent's handler; whoever serves it recovers its panics. It switches gin, which has one mode for the whole
// process, to release mode.
func New(samples Samples, vm run.VM, ready http.Handler) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false // a path is right or it is not there
	engine.HandleMethodNotAllowed = true
	engine.NoRoute(func(c *gin.Context) {
		fail(c, http.StatusNotFound, "no_encontrado", "there is /metrics, /procesos, /vm, /health and /ready")
	})
	engine.NoMethod(func(c *gin.Context) {
		fail(c, http.StatusMethodNotAllowed, "metodo", "this path takes "+c.Writer.Header().Get("Allow"))
	})
	get(engine, "/metrics", metrics(samples))
	get(engine, "/procesos", procesos(samples))
	get(engine, "/vm", machine(vm))
	get(engine, "/health", gin.WrapF(service.Health))
	get(engine, "/ready", gin.WrapH(ready))
	return engine
}

// get answers GET, and HEAD with the same headers.
func get(engine *gin.Engine, path string, handler gin.HandlerFunc) {
	engine.GET(path, handler)
	engine.HEAD(path, handler)
}

// Values of the headers of /metrics, made once: to set them one by one costs as much as all else here.
var (
	jsonType        = []string{"application/json"}
	textType        = []string{exposition.TextType}
	openMetricsType = []string{exposition.OpenMetricsType}
	noStore         = []string{"no-store"}
	accept          = []string{"Accept"}
)

func metrics(samples Samples) gin.HandlerFunc {
	return func(c *gin.Context) {
		snapshot, err := samples.Latest()
		if err != nil {
			noSample(c, err)
			return
		}
		body, contentType := &snapshot.JSON, jsonType
		switch negotiate(c.Request.Header["Accept"]) {
		case formatText:
			body, contentType = &snapshot.Text, textType
		case formatOpenMetrics:
			body, contentType = &snapshot.OpenMetrics, openMetricsType
		case formatJSON:
		}
		header := c.Writer.Header()
		header["Content-Type"] = contentType
		header["Content-Length"] = body.Length
		header["Cache-Control"] = noStore
		header["Vary"] = accept
		c.Status(http.StatusOK)
		_, _ = c.Writer.Write(body.Bytes) // a client that has gone needs no answer
	}
}

// machine answers what the VM is, also while there is no sample.
func machine(vm run.VM) gin.HandlerFunc {
	body, err := json.Marshal(vm)
	if err != nil {
		panic(err) // texts and numbers
	}
	length := []string{strconv.Itoa(len(body))}
	return func(c *gin.Context) {
		header := c.Writer.Header()
		header["Content-Type"] = jsonType
		header["Content-Length"] = length
		header["Cache-Control"] = noStore
		c.Status(http.StatusOK)
		_, _ = c.Writer.Write(body) // a client that has gone needs no answer
	}
}

// noSample answers with the reason why there is no sample.
func noSample(c *gin.Context, reason error) {
	fail(c, http.StatusServiceUnavailable, "sin_muestra", reason.Error())
}

func fail(c *gin.Context, status int, code, message string) {
	c.Writer.Header().Set("Cache-Control", "no-store")
	service.WriteError(c.Writer, status, service.Error{Code: code, Message: message})
}
