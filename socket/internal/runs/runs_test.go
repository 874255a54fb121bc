package runs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
	"github.com/pulso-lab/pulso/internal/verdict"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const id = "20261130-184237-3f9c2a1b"

// someRun is a run of so many seconds, whose users grow.
func someRun(id string, seconds int) run.Run {
	start := time.Date(2026, 11, 30, 18, 42, 37, 123456789, time.UTC)
	r := run.Run{
		Header: run.Header{
			Version: run.Version, ID: id, Name: "Martes <b>&amp; 🐧", Phase: run.PhaseEnter, VM: run.VM{Host: "vm-ñ", CPUs: 4, RAM: 15989},
			Protocol: run.Protocol{Users: 20, Objective: run.Objective{Percentile: 90, Latency: 100, Errors: 5}}, Start: start, End: start.Add(10 * time.Minute),
		},
		Seconds: []run.Second{},
	}
	for i := range seconds {
		target := run.Target{Name: "workload", Requests: 20, Failures: int64(i % 2)}
		for n := range 19 {
			target.Latency.Observe(time.Duration(i+n) * time.Millisecond)
		}
		s := run.Second{Second: i, Users: i / 10, Generator: float64(i) / 7, Targets: []run.Target{target}}
		if i%2 == 0 {
			s.Vitals = &run.Vitals{Hora: "2026-11-30 18:42:38.123", CPU: 100 / float64(i+1), RAM: 33.3, Running: 1.5, Processes: 118}
		}
		r.Seconds = append(r.Seconds, s)
	}
	return r
}

// rig is a service on a database of the test's own, served as the command does.
type rig struct {
	*Service
	t   *testing.T
	url string
}

func newRig(t *testing.T, db *store.Store, token string) *rig {
	t.Helper()
	r := &rig{New(db, slog.New(slog.DiscardHandler)), t, ""}
	server := httptest.NewServer(r.Handler(t.Context(), service.NewToken(token)))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// reply is a whole answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r *rig) do(method, path string, body any, header ...string) reply {
	r.t.Helper()
	var content []byte
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	default:
		content = encode(r.t, b)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, bytes.NewReader(content))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, got}
}

func (r *rig) want(status int, code string, got reply) {
	r.t.Helper()
	var said service.Error
	if err := json.Unmarshal(got.body, &said); code != "" && (err != nil || said.Code != code || said.Message == "") || got.status != status {
		r.t.Errorf("%d %.300s, want %d %s", got.status, got.body, status, code)
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode[T any](t *testing.T, got reply) (v T) {
	t.Helper()
	if err := json.Unmarshal(got.body, &v); err != nil {
		t.Fatalf("%d: %v: %.300s", got.status, err, got.body)
	}
	return v
}

// What is handed in in parts is one document, which can be imported elsewhere and is the same there.
func TestADocumentIsWhatWasHandedIn(t *testing.T) {
	db := storetest.New(t)
	here := newRig(t, db, "")
	want := someRun(id, 700)
	for _, cut := range [][2]int{{300, 600}, {0, 300}, {600, 700}, {0, 300}} {
		part := want
		part.Seconds = want.Seconds[cut[0]:cut[1]]
		if err := db.InsertRun(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	document := here.do(http.MethodGet, "/runs/"+id, nil)
	if got := decode[run.Run](t, document); document.status != 200 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d\ngot  %.500s\nwant %.500s", document.status, document.body, encode(t, want))
	}
	if document.header.Get("Content-Type") != "application/json" || document.header.Get("Content-Disposition") != "" || document.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", document.header)
	}
	export := here.do(http.MethodGet, "/runs/"+id+"?download", nil)
	if got := export.header.Get("Content-Disposition"); got != `attachment; filename="pulso-run-`+id+`.json"` || !bytes.Equal(export.body, document.body) {
		t.Errorf("%q", got)
	}

	there := newRig(t, storetest.New(t), "")
	for range 2 { // again changes nothing
		got := there.do(http.MethodPost, "/runs", string(export.body))
		if header := decode[run.Header](t, got); got.status != 201 || !reflect.DeepEqual(header, want.Header) {
			t.Errorf("%d %.300s", got.status, got.body)
		}
		if got := there.do(http.MethodGet, "/runs/"+id, nil); !bytes.Equal(got.body, document.body) {
			t.Errorf("%d %.500s", got.status, got.body)
		}
	}
	short := someRun("no-seconds", 0)
	there.want(201, "", there.do(http.MethodPost, "/runs", short))
	if got := decode[run.Run](t, there.do(http.MethodGet, "/runs/no-seconds", nil)); !reflect.DeepEqual(got, short) {
		t.Errorf("%+v", got)
	}
}

func TestRunsAreListedNamedAndDeleted(t *testing.T) {
	r := newRig(t, storetest.New(t), "")
	if got := r.do(http.MethodGet, "/runs", nil); got.status != 200 || strings.TrimSpace(string(got.body)) != `{"runs":[],"more":false}` {
		t.Errorf("of none: %d %s", got.status, got.body)
	}
	for i := range maxListed + 1 {
		one := someRun(fmt.Sprint("run-", i), 1)
		one.Start = one.Start.Add(time.Duration(i) * time.Second)
		if err := r.db.InsertRun(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	list := decode[run.List](t, r.do(http.MethodGet, "/runs", nil))
	if len(list.Runs) != maxListed || !list.More || list.Runs[0].ID != "run-200" || list.Runs[maxListed-1].ID != "run-1" {
		t.Errorf("%d runs from %s on, more: %t", len(list.Runs), list.Runs[0].ID, list.More)
	}

	got := r.do(http.MethodPatch, "/runs/run-200", `{"name":"e2-standard-4 🐧"}`)
	if named := decode[run.Header](t, got); got.status != 200 || named.ID != "run-200" || named.Name != "e2-standard-4 🐧" {
		t.Errorf("%d %s", got.status, got.body)
	}
	again := someRun("run-200", 1)
	r.want(422, "corrida_distinta", r.do(http.MethodPost, "/runs", again))
	again.Start = list.Runs[0].Start
	r.want(201, "", r.do(http.MethodPost, "/runs", again))
	if got := decode[run.Run](t, r.do(http.MethodGet, "/runs/run-200", nil)); got.Name != "e2-standard-4 🐧" {
		t.Errorf("handed in again, it is called %q", got.Name)
	}

	if got := r.do(http.MethodDelete, "/runs/run-0", nil); got.status != 204 || len(got.body) > 0 {
		t.Errorf("%d %s", got.status, got.body)
	}
	r.want(404, "no_encontrado", r.do(http.MethodGet, "/runs/run-0", nil))
	if list := decode[run.List](t, r.do(http.MethodGet, "/runs", nil)); len(list.Runs) != maxListed || list.More {
		t.Errorf("%d runs, more: %t", len(list.Runs), list.More)
	}
}

func TestAVerdictIsThatOfTheRun(t *testing.T) {
	r := newRig(t, storetest.New(t), "")
	whole := someRun(id, 200)
	if err := r.db.InsertRun(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]verdict.Verdict{
		"":                  verdict.Of(whole, whole.Protocol.Objective, 0),
		"?users=7":          verdict.Of(whole, whole.Protocol.Objective, 7),
		"?latency=1.5s":     verdict.Of(whole, run.Objective{Percentile: 90, Latency: 1500, Errors: 5}, 0),
		"?errors=0&other=1": verdict.Of(whole, run.Objective{Percentile: 90, Latency: 100}, 0),
		"?latency=250us&percentile=99.9&errors=2.5&users=12": verdict.Of(whole, run.Objective{Percentile: 99.9, Latency: 0.25, Errors: 2.5}, 12),
	} {
		got := r.do(http.MethodGet, "/runs/"+id+"/verdict"+query, nil)
		if got.status != 200 || string(bytes.TrimSpace(got.body)) != string(encode(t, want)) {
			t.Errorf("%s: %d\ngot  %.400s\nwant %.400s", query, got.status, got.body, encode(t, want))
		}
	}
	for _, query := range []string{
		"latency=", "latency=250", "latency=-1s", "latency=0s", "latency=300h", "latency=1s&latency=2s", "percentile=0", "percentile=100", "percentile=NaN",
		"percentile=1e999", "errors=-1", "errors=101", "errors=Inf", "users=0", "users=1.5", "users=1000000001", "users=9999999999999999999", "users=%zz",
	} {
		got := r.do(http.MethodGet, "/runs/"+id+"/verdict?"+query, nil)
		r.want(400, "parametro_invalido", got)
		if name, _, _ := strings.Cut(query, "="); got.status == 400 && !strings.Contains(string(got.body), name) && !strings.Contains(query, "%") {
			t.Errorf("%s: %s", query, got.body)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	r := newRig(t, storetest.New(t), "")
	if err := r.db.InsertRun(t.Context(), someRun(id, 3)); err != nil {
		t.Fatal(err)
	}
	whole := string(encode(t, someRun(id, 3)))
	for _, tt := range []struct {
		method, path string
		body         any
		header       []string
		status       int
		code         string
	}{
		{http.MethodPut, "/runs", "{}", nil, 405, "metodo"},
		{http.MethodDelete, "/runs", nil, nil, 405, "metodo"},
		{http.MethodOptions, "/runs", nil, nil, 405, "metodo"},
		{http.MethodPost, "/runs/" + id, whole, nil, 405, "metodo"},
		{http.MethodDelete, "/runs/" + id + "/verdict", nil, nil, 405, "metodo"},
		{http.MethodGet, "/runs/", nil, nil, 404, "no_encontrado"},
		{http.MethodGet, "/runs/" + id + "/other", nil, nil, 404, "no_encontrado"},
		{http.MethodGet, "/runs/other", nil, nil, 404, "no_encontrado"},
		{http.MethodGet, "/runs/other/verdict", nil, nil, 404, "no_encontrado"},
		{http.MethodGet, "/runs/" + strings.ToUpper(id), nil, nil, 404, "no_encontrado"},
		{http.MethodGet, "/runs/" + id + "%20", nil, nil, 404, "no_encontrado"},
		{http.MethodGet, "/runs/" + id + "%00", nil, nil, 404, "no_encontrado"},
		{http.MethodGet, "/runs/%25", nil, nil, 404, "no_encontrado"},
		{http.MethodDelete, "/runs/'%20OR%20'1'='1", nil, nil, 404, "no_encontrado"},
		{http.MethodDelete, "/runs/%C3%B1", nil, nil, 404, "no_encontrado"},
		{http.MethodPatch, "/runs/other", `{"name":"x"}`, nil, 404, "no_encontrado"},
		{http.MethodPatch, "/runs/" + id, `{"name":"x"}`, []string{"Content-Type", "text/plain"}, 415, "tipo"},
		{http.MethodPatch, "/runs/" + id, `{"name":"x"}`, []string{"Content-Encoding", "gzip"}, 415, "tipo"},
		{http.MethodPatch, "/runs/" + id, `{"name":`, nil, 400, "json_invalido"},
		{http.MethodPatch, "/runs/" + id, `{}`, nil, 400, "json_invalido"},
		{http.MethodPatch, "/runs/" + id, `{"name":null}`, nil, 400, "json_invalido"},
		{http.MethodPatch, "/runs/" + id, `{"name":7}`, nil, 400, "json_invalido"},
		{http.MethodPatch, "/runs/" + id, `{"name":"a\u0000b"}`, nil, 400, "corrida_invalida"},
		{http.MethodPatch, "/runs/" + id, `{"name":"a\u001b[2J"}`, nil, 400, "corrida_invalida"},
		{http.MethodPatch, "/runs/" + id, `{"name":"` + strings.Repeat("ñ", run.MaxName+1) + `"}`, nil, 400, "corrida_invalida"},
		{http.MethodPatch, "/runs/" + id, `{"name":"` + strings.Repeat("x", maxRename) + `"}`, nil, 413, "demasiado_grande"},
		{http.MethodPost, "/runs", whole, []string{"Content-Type", "text/plain"}, 415, "tipo"},
		{http.MethodPost, "/runs", whole, []string{"Content-Type", "multipart/form-data; boundary=x"}, 415, "tipo"},
		{http.MethodPost, "/runs", "", nil, 400, "json_invalido"},
		{http.MethodPost, "/runs", whole + whole, nil, 400, "json_invalido"},
		{http.MethodPost, "/runs", strings.Replace(whole, `"users":20`, `"users":1e308`, 1), nil, 400, "corrida_invalida"},
		{http.MethodPost, "/runs", strings.Replace(whole, `"second":1`, `"second":0`, 1), nil, 400, "corrida_invalida"},
		{http.MethodPost, "/runs", strings.Repeat(" ", run.MaxDocument+1), nil, 413, "demasiado_grande"},
	} {
		t.Run(fmt.Sprintf("%s %.60s %.40v", tt.method, tt.path, tt.body), func(t *testing.T) {
			r := &rig{r.Service, t, r.url}
			got := r.do(tt.method, tt.path, tt.body, tt.header...)
			r.want(tt.status, tt.code, got)
			if (tt.status == 405) != (got.header.Get("Allow") != "") || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%v", got.header)
			}
		})
	}
	if got := decode[run.Run](t, r.do(http.MethodGet, "/runs/"+id, nil)); !reflect.DeepEqual(got, someRun(id, 3)) {
		t.Errorf("after all that the run is %+v", got)
	}
}

func TestTheTokenIsAskedForEverything(t *testing.T) {
	r := newRig(t, storetest.New(t), "geheim")
	if err := r.db.InsertRun(t.Context(), someRun(id, 3)); err != nil {
		t.Fatal(err)
	}
	for _, ask := range [][2]string{
		{http.MethodGet, "/runs"}, {http.MethodPost, "/runs"}, {http.MethodGet, "/runs/" + id}, {http.MethodGet, "/runs/" + id + "/verdict"},
		{http.MethodPatch, "/runs/" + id}, {http.MethodDelete, "/runs/" + id}, {http.MethodGet, "/runs/none"}, {http.MethodOptions, "/runs"},
	} {
		for _, shown := range []string{"", "Bearer geheim2", "Basic geheim"} {
			r.want(401, "sin_permiso", r.do(ask[0], ask[1], `{"name":"x"}`, "Authorization", shown))
		}
	}
	r.want(204, "", r.do(http.MethodDelete, "/runs/"+id, nil, "Authorization", "Bearer geheim"))
}

func TestTheLargestDocumentIsImported(t *testing.T) {
	r := newRig(t, storetest.New(t), "")
	whole := someRun(id, run.MaxSeconds)
	body := string(encode(t, whole))
	body += strings.Repeat(" ", max(0, run.MaxDocument-len(body)))
	if len(body) > run.MaxDocument {
		t.Fatalf("the document has %d bytes", len(body))
	}
	r.want(201, "", r.do(http.MethodPost, "/runs", body))
	if got := decode[run.Run](t, r.do(http.MethodGet, "/runs/"+id, nil)); !reflect.DeepEqual(got, whole) {
		t.Errorf("%d seconds", len(got.Seconds))
	}
	if got := r.do(http.MethodGet, "/runs/"+id+"/verdict", nil); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := r.do(http.MethodDelete, "/runs/"+id, nil); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Who asks while all places are taken waits, and is told so in the end.
func TestFewAreAnsweredAtATime(t *testing.T) {
	r := newRig(t, storetest.New(t), "")
	if err := r.db.InsertRun(t.Context(), someRun(id, 3)); err != nil {
		t.Fatal(err)
	}
	asks := map[chan struct{}][]func() reply{
		r.documents: {
			func() reply { return r.do(http.MethodGet, "/runs/"+id, nil) },
			func() reply { return r.do(http.MethodGet, "/runs/"+id+"/verdict", nil) },
			func() reply { return r.do(http.MethodPost, "/runs", someRun("other", 1)) },
		},
		r.imports: {func() reply { return r.do(http.MethodPost, "/runs", someRun("other", 1)) }},
		r.database: {
			func() reply { return r.do(http.MethodGet, "/runs/"+id, nil) },
			func() reply { return r.do(http.MethodGet, "/runs/"+id+"/verdict", nil) },
			func() reply { return r.do(http.MethodGet, "/runs", nil) },
			func() reply { return r.do(http.MethodPatch, "/runs/"+id, `{"name":"x"}`) },
			func() reply { return r.do(http.MethodDelete, "/runs/other", nil) },
		},
	}
	for places, asks := range asks {
		for range cap(places) {
			places <- struct{}{}
		}
		r.patience = 50 * time.Millisecond
		for _, ask := range asks {
			got := ask()
			r.want(503, "ocupado", got)
			if got.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
		r.patience = time.Minute
		for _, ask := range asks {
			answered := make(chan reply, 1)
			go func() { answered <- ask() }()
			<-places // whoever waits has it now, or soon
			if got := <-answered; got.status >= 300 {
				t.Errorf("%d %s", got.status, got.body)
			}
			places <- struct{}{}
		}
		for range cap(places) {
			<-places
		}
	}
	for places := range asks {
		if len(places) > 0 {
			t.Errorf("%d places were not left", len(places))
		}
	}
}

func TestTheDatabaseIsAway(t *testing.T) {
	away, err := store.Open("root@unix(/nowhere/sock)/pulso", 3)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	r := newRig(t, away, "")
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	for _, got := range []reply{
		r.do(http.MethodGet, "/runs", nil), r.do(http.MethodGet, "/runs/"+id, nil), r.do(http.MethodGet, "/runs/"+id+"/verdict", nil),
		r.do(http.MethodPatch, "/runs/"+id, `{"name":"x"}`), r.do(http.MethodDelete, "/runs/"+id, nil), r.do(http.MethodPost, "/runs", someRun(id, 1)),
	} {
		r.want(503, "no_disponible", got)
		if got.header.Get("Retry-After") == "" || bytes.Contains(got.body, []byte("nowhere")) {
			t.Errorf("%v %s", got.header, got.body)
		}
	}
	if lines := strings.Count(log.String(), "runs_failing"); lines != 1 {
		t.Errorf("%d lines of a failure: %s", lines, log.String())
	}
}

// A body that is on its way holds neither the drain nor, once it is given up, a place.
func TestAnImportThatDoesNotComeIsGivenUpWithTheService(t *testing.T) {
	s := New(storetest.New(t), slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	server := httptest.NewServer(s.Handler(ctx, service.NewToken("")))
	defer server.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /runs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for len(s.imports) == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := conn.SetReadDeadline(deadline); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
		t.Errorf("%q, %v", answer, err)
	}
	for len(s.imports) > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if len(s.imports) > 0 {
		t.Error("its place was not left")
	}
}

// A client that takes nothing of a document loses it, and its place is free again.
func TestADocumentThatIsNotTakenIsGivenUp(t *testing.T) {
	w := &refusing{}
	if err := write(w, someRun(id, 2000)); err == nil {
		t.Error("nothing was taken, and nobody noticed")
	}
}

// refusing is a client that has gone.
type refusing struct{ http.ResponseWriter }

func (refusing) Write([]byte) (int, error) { return 0, net.ErrClosed }
