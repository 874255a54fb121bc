package functions_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/functions"
	"github.com/pulso-lab/pulso/functions/internal/stats"
	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const course = `{"total_ram":2072,"ram_libre":1110552576,"uso_ram":442,"porcentaje_ram":22,"porcentaje_cpu_uso":22,` +
	`"porcentaje_cpu_libre":88,"procesos_corriendo":123,"total_procesos":233,"procesos_durmiendo":65,` +
	`"procesos_zombie":65,"procesos_parados":65,"hora":"2025-06-17 02:21:54"}`

// answer is what a route said.
type answer struct {
	status int
	header http.Header
	close  bool // the server ends the connection
	body   struct {
		API        string         `json:"api"`
		Insertados int            `json:"insertados"`
		IDs        []int64        `json:"ids"`
		Error      string         `json:"error"`
		Mensaje    string         `json:"mensaje"`
		Campos     []sample.Fault `json:"campos"`
		Run        string         `json:"run"`
		Segundos   int            `json:"segundos"`
	}
}

// start serves a route as the command does, but for the framework, and ends with the test.
func start(t *testing.T, api, token string, w functions.Writer, now func() time.Time) (url string) {
	t.Helper()
	route := functions.Route{
		API: api, Token: service.NewToken(token), Writer: w, Stats: stats.New(api, "test", "test", now),
		Ready: service.NewReadiness(nil), Log: slog.New(slog.DiscardHandler), Now: now,
	}
	if s, ok := w.(*store.Store); ok {
		route.Ready, route.Runs = service.NewReadiness(s.Ping), s
	}
	return serve(t, route)
}

func serve(t *testing.T, route functions.Route) (url string) {
	t.Helper()
	server := httptest.NewServer(functions.New(route))
	t.Cleanup(server.Close)
	return server.URL
}

func send(t *testing.T, method, url string, body io.Reader, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Del(header[i])
		if header[i+1] != "" {
			request.Header[http.CanonicalHeaderKey(header[i])] = strings.Split(header[i+1], "|")
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header, close: response.Close}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &a.body); err != nil && method != http.MethodHead {
		t.Fatalf("%s: not JSON: %v: %q", url, err, content)
	}
	return a
}

func TestAnAnswered201IsACommittedRow(t *testing.T) {
	s := storetest.New(t)
	clock := time.Now().UTC().Truncate(time.Microsecond).Add(time.Hour)
	url := start(t, "api1", "", s, func() time.Time { return clock })
	for _, path := range []string{"/", "/api", "/any/where?x=1"} {
		got := send(t, http.MethodPost, url+path, strings.NewReader(course))
		if got.status != http.StatusCreated || got.body.API != "api1" || got.body.Insertados != 1 || len(got.body.IDs) != 1 {
			t.Fatalf("%s: %+v", path, got)
		}
		rows, err := s.RowsAfter(t.Context(), got.body.IDs[0]-1, nil, 10)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		if rows[0].API != "api1" || !rows[0].Recibido.Equal(clock) || rows[0].RAMLibre != 1110552576 || rows[0].Secuencia != nil {
			t.Errorf("stored %+v", rows[0])
		}
	}
}

func TestAnArrayIsStoredWholeAndInOrder(t *testing.T) {
	s := storetest.New(t)
	url := start(t, "api2", "", s, time.Now)
	got := send(t, http.MethodPost, url+"/api", bytes.NewReader(golden.RecordingJSON()))
	want := golden.Points().Rows
	if got.status != http.StatusCreated || got.body.Insertados != want || len(got.body.IDs) != want {
		t.Fatalf("%d %+v", got.status, got.body)
	}
	broken := strings.Replace(string(golden.RecordingJSON()), `"total_ram": 1967`, `"total_ram": -1967`, 1)
	if got := send(t, http.MethodPost, url+"/api", strings.NewReader(broken)); got.status != http.StatusBadRequest {
		t.Errorf("one bad sample of many: %+v", got)
	}
	if rows, err := s.RowsAfter(t.Context(), 0, nil, 1000); err != nil || len(rows) != want {
		t.Errorf("%d rows, %v; want %d: all or nothing", len(rows), err, want)
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := storetest.New(t)
	url := start(t, "api1", "geheim", s, time.Now)
	const bearer = "Bearer geheim"
	long := strings.Repeat("k", 65)
	tests := []struct {
		name, method, body string
		header             []string
		status             int
		code               string
	}{
		{"GET", http.MethodGet, "", nil, 405, "metodo"},
		{"PUT", http.MethodPut, course, nil, 405, "metodo"},
		{"no token", http.MethodPost, course, []string{"Authorization", ""}, 401, "sin_permiso"},
		{"wrong token", http.MethodPost, course, []string{"Authorization", "Bearer gehei"}, 401, "sin_permiso"},
		{"other scheme", http.MethodPost, course, []string{"Authorization", "Basic geheim"}, 401, "sin_permiso"},
		{"token before content", http.MethodPost, "x", []string{"Authorization", "Bearer x"}, 401, "sin_permiso"},
		{"no type", http.MethodPost, course, []string{"Content-Type", ""}, 415, "tipo"},
		{"a form", http.MethodPost, course, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "tipo"},
		{"UTF-16", http.MethodPost, course, []string{"Content-Type", "application/json; charset=utf-16"}, 415, "tipo"},
		{"compressed", http.MethodPost, course, []string{"Content-Encoding", "gzip"}, 415, "tipo"},
		{"empty key", http.MethodPost, course, []string{"Idempotency-Key", "|"}, 400, "clave_invalida"},
		{"two keys", http.MethodPost, course, []string{"Idempotency-Key", "a|b"}, 400, "clave_invalida"},
		{"long key", http.MethodPost, course, []string{"Idempotency-Key", long}, 400, "clave_invalida"},
		{"key with a space", http.MethodPost, course, []string{"Idempotency-Key", "a b"}, 400, "clave_invalida"},
		{"key of other bytes", http.MethodPost, course, []string{"Idempotency-Key", "ñ"}, 400, "clave_invalida"},
		{"nothing", http.MethodPost, "", nil, 400, "json_invalido"},
		{"not JSON", http.MethodPost, "hola", nil, 400, "json_invalido"},
		{"empty array", http.MethodPost, "[]", nil, 400, "json_invalido"},
		{"a bad field", http.MethodPost, strings.Replace(course, "2072", `"2072"`, 1), nil, 400, "muestra_invalida"},
		{"1 MiB + 1", http.MethodPost, course + strings.Repeat(" ", sample.MaxBody+1-len(course)), nil, 413, "demasiado_grande"},
		{"1001 samples", http.MethodPost, "[" + strings.Repeat(course+",", 1000) + course + "]", nil, 413, "demasiado_grande"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header := append([]string{"Authorization", bearer}, tt.header...)
			got := send(t, tt.method, url+"/api", strings.NewReader(tt.body), header...)
			if got.status != tt.status || got.body.Error != tt.code || got.body.Mensaje == "" {
				t.Errorf("got %d %+v, want %d %s", got.status, got.body, tt.status, tt.code)
			}
		})
	}
	t.Run("1 MiB + 1 in chunks", func(t *testing.T) {
		body := struct{ io.Reader }{strings.NewReader(strings.Repeat(" ", sample.MaxBody+1))} // of unknown length
		if got := send(t, http.MethodPost, url, body, "Authorization", bearer); got.status != 413 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("1 MiB is taken", func(t *testing.T) {
		body := strings.NewReader(course + strings.Repeat(" ", sample.MaxBody-len(course)))
		if got := send(t, http.MethodPost, url, body, "Authorization", "bearer geheim"); got.status != 201 {
			t.Errorf("%+v", got)
		}
	})
	if rows, err := s.RowsAfter(t.Context(), 0, nil, 1000); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v; want only the one that was taken", len(rows), err)
	}
}

func TestEveryBadFieldIsNamed(t *testing.T) {
	url := start(t, "api1", "", storetest.New(t), time.Now)
	got := send(t, http.MethodPost, url, strings.NewReader(`{"total_ram":-1,"hora":"ayer"}`))
	if got.status != 400 || len(got.body.Campos) != 12 {
		t.Fatalf("%d, %d fields: %+v", got.status, len(got.body.Campos), got.body)
	}
	if got.body.Campos[0] != (sample.Fault{Campo: "total_ram", Motivo: "is -1, negative"}) {
		t.Errorf("first: %+v", got.body.Campos[0])
	}
}

func TestARetryGetsTheFirstAnswer(t *testing.T) {
	s := storetest.New(t)
	one := start(t, "api1", "", s, time.Now)
	two := start(t, "api2", "", s, time.Now)
	first := send(t, http.MethodPost, one, strings.NewReader(course), "Idempotency-Key", "key-1")
	again := send(t, http.MethodPost, two, strings.NewReader(course), "Idempotency-Key", "key-1")
	if first.status != 201 || again.status != 201 || fmt.Sprint(again.body) != fmt.Sprint(first.body) {
		t.Errorf("first %+v\nagain %+v", first, again)
	}
	other := send(t, http.MethodPost, one, strings.NewReader(course+" "), "Idempotency-Key", "key-1")
	if other.status != 422 || other.body.Error != "clave_repetida" {
		t.Errorf("another body: %+v", other)
	}
}

func TestTheDatabaseIsAway(t *testing.T) {
	away, err := store.Open("root@unix(/nowhere/sock)/pulso", 1)
	if err != nil {
		t.Fatal(err)
	}
	url := start(t, "api1", "", away, time.Now)
	got := send(t, http.MethodPost, url, strings.NewReader(course))
	if got.status != 503 || got.body.Error != "no_disponible" || got.header.Get("Retry-After") != "1" {
		t.Errorf("%+v", got)
	}
	if strings.Contains(fmt.Sprint(got.body), "nowhere") {
		t.Error("the answer shows the cause, which is for the log")
	}
	if got := send(t, http.MethodGet, url+"/ready", nil); got.status != 503 || got.body.Error != "no_listo" {
		t.Errorf("/ready: %+v", got)
	}
	if got := send(t, http.MethodGet, url+"/health", nil); got.status != 200 {
		t.Errorf("/health: %+v", got)
	}
}

// blocked is a store whose INSERTs end when the test says so, as the test decides.
type blocked struct {
	entered chan struct{}
	outcome chan error
}

func (b blocked) Insert(context.Context, store.Request) (store.Answer, error) {
	b.entered <- struct{}{}
	return store.Answer{API: "api1", IDs: []int64{7}}, <-b.outcome
}

func (blocked) Ping(context.Context) error { return nil }

func TestAnUnknownOutcomeIsSaid(t *testing.T) {
	b := blocked{make(chan struct{}, 1), make(chan error, 1)}
	url := start(t, "api1", "", b, time.Now)
	b.outcome <- errors.New("commit: invalid connection")
	if got := send(t, http.MethodPost, url, strings.NewReader(course)); got.status != 500 || got.body.Error != "desconocido" {
		t.Errorf("%+v", got)
	}
}

func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	url := start(t, "api1", "geheim", blocked{}, time.Now)
	for _, head := range []string{"POST / HTTP/1.1\r\nContent-Type: application/json", "PUT / HTTP/1.1"} {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprint(conn, head+"\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.4s: no answer: %v", head, err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%.4s: %d", head, response.StatusCode)
		}
	}
}

// turn is a writer whose requests wait for a turn that never comes.
type turn chan context.Context

func (c turn) Insert(ctx context.Context, _ store.Request) (store.Answer, error) {
	c <- ctx
	<-ctx.Done()
	return store.Answer{}, fmt.Errorf("%w: %w", store.ErrNotStored, ctx.Err())
}

func TestAClientThatLeavesGivesUpItsTurn(t *testing.T) {
	waiting := make(turn, 1)
	url := start(t, "api1", "", waiting, time.Now)
	leaving, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(leaving, http.MethodPost, url, strings.NewReader(course))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	left := make(chan struct{})
	go func() {
		defer close(left)
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			t.Error("answered")
		}
	}()
	ctx := <-waiting
	leave()
	<-left
	<-ctx.Done()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("its turn ended by %v", ctx.Err())
	}
}

func TestATurnThatDoesNotComeIsGivenUp(t *testing.T) {
	began := time.Now()
	got := send(t, http.MethodPost, start(t, "api1", "", make(turn, 1), time.Now), strings.NewReader(course))
	if got.status != 503 || got.body.Error != "no_disponible" || got.header.Get("Retry-After") == "" {
		t.Errorf("%+v", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("after %s", took)
	}
}

// Requests that are held weigh on those that come, until they are answered.
func TestMemoryIsBounded(t *testing.T) {
	b := blocked{make(chan struct{}, 100), make(chan error, 100)}
	url := start(t, "api1", "", b, time.Now)
	large := course + strings.Repeat(" ", sample.MaxBody-len(course))
	answers := make(chan answer, 100)
	held := 0
	for refused := false; !refused; {
		if held == 100 {
			t.Fatal("100 MiB of bodies are held, and nothing is refused")
		}
		go func() { answers <- send(t, http.MethodPost, url, strings.NewReader(large)) }()
		select {
		case <-b.entered:
			held++
		case got := <-answers:
			if refused = got.status == 503 && got.body.Error == "no_disponible"; !refused {
				t.Fatalf("%+v", got)
			}
		}
	}
	if held < 10 {
		t.Errorf("only %d requests of 1 MiB were taken", held)
	}
	for range held {
		b.outcome <- nil
	}
	for range held {
		if got := <-answers; got.status != 201 {
			t.Errorf("%+v", got)
		}
	}
	b.outcome <- nil
	if got := send(t, http.MethodPost, url, strings.NewReader(large)); got.status != 201 {
		t.Errorf("when the others have gone: %+v", got)
	}
}

func TestEveryRequestIsCounted(t *testing.T) {
	url := start(t, "api1", "", storetest.New(t), time.Now)
	for _, key := range []string{"a", "a", "b"} {
		send(t, http.MethodPost, url, strings.NewReader(course), "Idempotency-Key", key)
	}
	send(t, http.MethodPost, url, strings.NewReader("["+course+","+course+"]"))
	send(t, http.MethodPost, url, strings.NewReader("no"))
	content := metrics(t, url)
	for _, want := range []string{
		`pulso_ingest_requests_total{api="api1",writer="test"} 5`, `pulso_ingest_rows_total{api="api1",writer="test"} 4`,
		`pulso_ingest_errors_total{api="api1",writer="test"} 0`, `pulso_ingest_commit_seconds_count{api="api1",writer="test"} 3`,
	} {
		if !strings.Contains(content, want) {
			t.Errorf("no line %s in\n%s", want, content)
		}
	}
}
