package conformance

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// TestOfficialClient runs client/ under Node.js's own test runner. It takes the client from the dashboard's packages, so
// that it is the version that browsers get.
func TestOfficialClient(t *testing.T) {
	if _, err := os.Stat("../../frontend/node_modules/socket.io-client"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the dashboard's packages are not installed: make test-conformance does it")
	}
	open := start(t)
	locked := launch(t, storetest.DSN(t), "PULSO_SOCKET_TOKEN=secret")
	dsn := storetest.DSN(t)
	mortal := launch(t, dsn)
	var current atomic.Pointer[server] // that lives after it died, behind one address
	current.Store(&mortal)
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: current.Load().address}) },
		ErrorLog: log.New(io.Discard, "", 0), // that nobody is there
	})
	t.Cleanup(front.Close)
	orders := map[string]func() string{
		"open":       func() string { return "http://" + open.address },
		"locked":     func() string { return "http://" + locked.address },
		"mortal":     func() string { return front.URL },
		"row":        func() string { return number(open.store()) },
		"mortal-row": func() string { return number(current.Load().store()) },
		"stop":       func() string { current.Load().stop(); return "" },
		"again": func() string {
			again := launch(t, dsn)
			current.Store(&again)
			return ""
		},
	}

	// Orders are carried out here: only the goroutine of a test may end it.
	type order struct {
		do     func() string
		answer chan string
	}
	given := make(chan order)
	control := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		do := orders[strings.TrimPrefix(r.URL.Path, "/")]
		if do == nil {
			http.Error(w, "no such order", http.StatusNotFound)
			return
		}
		o := order{do, make(chan string, 1)}
		select {
		case given <- o:
			select {
			case answer := <-o.answer:
				_, _ = fmt.Fprint(w, answer)
			case <-t.Context().Done(): // the order failed
			}
		case <-t.Context().Done():
		}
	}))
	t.Cleanup(control.Close)

	node := exec.CommandContext(t.Context(), "node", "--test", "client/")
	node.Env = append(os.Environ(), "PULSO_CONFORMANCE="+control.URL)
	output := make(chan string, 1)
	go func() {
		said, err := node.CombinedOutput()
		if err != nil {
			t.Errorf("node --test: %v", err)
		}
		output <- string(said)
	}()
	for {
		select {
		case o := <-given:
			o.answer <- o.do()
		case said := <-output:
			if t.Failed() {
				t.Log(said)
			}
			return
		}
	}
}

// number is the id in what store returned.
func number(id string) string { return strings.Trim(id, `"id:,`) }
