package history

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// serve serves the export without a token.
func serve(t *testing.T, s *Service) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(s.Export(service.NewToken("")))
	t.Cleanup(server.Close)
	return server
}

// hourOf is the query for a host's rows from noon to one.
func hourOf(host string) string {
	return "?" + url.Values{"host": {host}, "from": {"2026-03-01T12:00:00Z"}, "to": {"2026-03-01 13:00:00"}}.Encode()
}

// reply is an answer whose body is closed when the test ends.
type reply struct {
	status int
	header http.Header
	body   io.Reader
	to     string
}

func get(t *testing.T, target string, header ...string) reply {
	t.Helper()
	return do(t, http.MethodGet, target, header...)
}

func do(t *testing.T, method, target string, header ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(bounded(t), method, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return reply{response.StatusCode, response.Header, response.Body, target}
}

// All rows come, once, in order, as they are stored; pages may end among rows of one moment.
func TestAnExportIsWhatIsStored(t *testing.T) {
	r := newRig(t)
	dice := rand.New(rand.NewPCG(11, 12))
	var samples []sample.Sample
	for i := range 3*pageRows + 17 {
		at := noon.Add(time.Duration(i) * time.Millisecond)
		if i > pageRows/2 {
			at = noon.Add(time.Minute) // more than a page of one moment
		}
		s := random(dice, "=cmd|' /C calc'!A0, \"x\"", int64(i+1), at)
		s.TotalRAM, s.Fuente, s.PorcentajeRAM, s.PorcentajeCPUUso = sample.MaxInteger, sample.FuenteProcfs, 33.333333333333336, 1e-7
		if i%50 == 0 {
			s.Secuencia, s.Fuente = nil, ""
		}
		samples = append(samples, s)
	}
	samples[0].Hora, samples[1].Hora = sample.NewHora(noon.Add(time.Hour)), sample.NewHora(noon.Add(-time.Millisecond)) // not asked for
	dice.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	r.insert(t, samples)
	r.insert(t, []sample.Sample{random(dice, "other", 1, noon), random(dice, "", 1, noon)})
	response := get(t, serve(t, r.Service).URL+hourOf(samples[0].Host))
	for header, want := range map[string]string{
		"Content-Type": "text/csv; charset=utf-8", "Cache-Control": "no-store",
		"Content-Disposition": `attachment; filename="pulso-_cmd____C_calc__A0___x_-20260301T120000Z-20260301T130000Z.csv"`,
	} {
		if got := response.header.Get(header); got != want {
			t.Errorf("%s: %s\nwant %s", header, got, want)
		}
	}
	if got, want := readTable(t, response.body), table(t, r.db, samples[0].Host); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%d lines came, of %d", len(got), len(want))
		for i := range min(len(got), len(want)) {
			if !slices.Equal(got[i], want[i]) {
				t.Fatalf("line %d:\ngot  %q\nwant %q", i, got[i], want[i])
			}
		}
	}
	nameless := readTable(t, get(t, serve(t, r.Service).URL+hourOf("")).body)
	if len(nameless) != 2 || nameless[1][13] != "" {
		t.Errorf("the rows without a host: %q", nameless)
	}
}

func readTable(t *testing.T, body io.Reader) [][]string {
	t.Helper()
	lines, err := csv.NewReader(body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// table is the export by the contract's words, through the JSON of the rows.
func table(t *testing.T, db *store.Store, host string) [][]string {
	t.Helper()
	rows, err := db.RowsAfter(t.Context(), 0, nil, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(rows, func(a, b store.Visible) int { return a.Hora.Compare(b.Hora.Time) })
	names := strings.Split("id,total_ram,ram_libre,uso_ram,porcentaje_ram,porcentaje_cpu_uso,porcentaje_cpu_libre,procesos_corriendo,"+
		"total_procesos,procesos_durmiendo,procesos_zombie,procesos_parados,hora,host,secuencia,fuente,api,recibido", ",")
	lines := [][]string{names}
	for _, row := range rows {
		if row.Host != host || row.Hora.Before(noon) || !row.Hora.Before(noon.Add(time.Hour)) {
			continue
		}
		var fields map[string]any
		decoder := json.NewDecoder(bytes.NewReader([]byte(encode(t, row.Row))))
		decoder.UseNumber()
		if err := decoder.Decode(&fields); err != nil {
			t.Fatal(err)
		}
		line := make([]string, len(names))
		for i, name := range names {
			switch value := fields[name].(type) {
			case json.Number:
				line[i] = value.String()
				if f, err := value.Float64(); err == nil && f != float64(int64(f)) {
					line[i] = strconv.FormatFloat(f, 'f', -1, 64)
				}
			case string:
				line[i] = value
			}
		}
		if strings.HasPrefix(host, "=") {
			line[13] = "'" + host
		}
		lines = append(lines, line)
	}
	return lines
}

func TestANameThatLooksLikeAFormula(t *testing.T) {
	for name, want := range map[string]string{"=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "vm-1": "vm-1", "": "", "'=": "'=", "ñ=": "ñ="} {
		if got := plain(name); got != want {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func TestAnExportThatIsRefused(t *testing.T) {
	db, err := store.Open("root@unix(/nowhere/sock)/pulso", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	server := httptest.NewServer(on(db).Export(service.NewToken("geheim")))
	defer server.Close()
	const span = "&from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z"
	for query, want := range map[string]string{
		"?host=vm": "from is there 0 times: it must be there once",
		"?from=2026-03-01T12:00:00Z&to=2026-03-02":                 "host is there 0 times: it must be there once",
		"?host=vm&host=vm" + span:                                  "host is there 2 times: it must be there once",
		"?host=vm&to=1" + span:                                     "to is there 2 times: it must be there once",
		"?host=%zz" + span:                                         "the query of the URL cannot be read",
		"?host=vm;x=1" + span:                                      "the query of the URL cannot be read",
		"?host=%00" + span:                                         "host has control characters",
		"?host=%ff" + span:                                         "host is not UTF-8",
		"?host=&from=x&to=2026-03-01T13:00:00Z":                    `from is wrong: "x" is not a date like 2025-06-17 02:21:54`,
		"?host=&from=2026-03-01T13:00:00Z&to=":                     `to is wrong: "" is not a date like 2025-06-17 02:21:54`,
		"?host=&from=2026-03-01T13:00:00Z&to=2026-03-01T13:00:00Z": "from is 2026-03-01 13:00:00: it must be before to, 2026-03-01 13:00:00",
	} {
		refused(t, get(t, server.URL+query, "Authorization", "Bearer geheim"), http.StatusBadRequest, "parametro_invalido", want)
	}
	refused(t, get(t, server.URL+hourOf("vm")), http.StatusUnauthorized, "sin_permiso", "")
	refused(t, get(t, server.URL+hourOf("vm"), "Authorization", "Bearer falsch"), http.StatusUnauthorized, "sin_permiso", "")
	refused(t, get(t, server.URL+hourOf("vm"), "Authorization", "Bearer geheim"), http.StatusServiceUnavailable, "no_disponible", "")
	refused(t, do(t, http.MethodPost, server.URL+hourOf("vm")), http.StatusMethodNotAllowed, "metodo", "")
}

func refused(t *testing.T, got reply, status int, code, message string) {
	t.Helper()
	var body struct{ Error, Mensaje string }
	if err := json.NewDecoder(got.body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if got.status != status || body.Error != code || message != "" && body.Mensaje != message {
		t.Errorf("%s: %d %+v; want %d %s %s", got.to, got.status, body, status, code, message)
	}
	if again := got.header.Get("Retry-After"); (again != "") != (status == http.StatusServiceUnavailable) {
		t.Errorf("%d with Retry-After %q", status, again)
	}
}

// full is a rig with three pages of one host.
func full(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	samples := make([]sample.Sample, 3*pageRows)
	for i := range samples {
		samples[i] = sample.Sample{Host: "vm", Hora: sample.NewHora(noon.Add(time.Duration(i) * time.Millisecond))}
	}
	r.insert(t, samples)
	return r
}

// The database goes away between two pages: nobody must take what came for the whole.
func TestAnExportThatBreaksOff(t *testing.T) {
	r := full(t)
	var pages atomic.Int64
	dsn := storetest.Between(t, r.dsn, func(statement string) storetest.Fate {
		if strings.Contains(statement, "AND hora > ") && pages.Add(1) == 2 {
			return storetest.Fate{Statement: storetest.Leg{Cut: true}}
		}
		return storetest.Fate{}
	})
	response := get(t, serve(t, on(storetest.Open(t, dsn))).URL+hourOf("vm"))
	body, err := io.ReadAll(response.body)
	if response.status != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) || bytes.Count(body, []byte("\n")) != 1+pageRows {
		t.Errorf("%d, %d lines, %v", response.status, bytes.Count(body, []byte("\n")), err)
	}
}

// narrow makes connections whose buffers hold little.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(4096)
	}
	return conn, err
}

// Two clients that take nothing hold the two places, until they are given up.
func TestAClientThatDoesNotRead(t *testing.T) {
	r := full(t)
	r.pageWrite = 500 * time.Millisecond
	server := httptest.NewUnstartedServer(r.Export(service.NewToken("")))
	server.Listener = narrow{server.Listener}
	server.Start()
	defer server.Close()
	for range maxExports {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /"+hourOf("vm")+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	ctx := bounded(t)
	await(t, ctx, func() bool { return len(r.exports) == maxExports })
	refused(t, get(t, server.URL+hourOf("vm")), http.StatusServiceUnavailable, "ocupado", "")
	await(t, ctx, func() bool { return len(r.exports) == 0 })
	if lines := readTable(t, get(t, server.URL+hourOf("vm")).body); len(lines) != 1+3*pageRows {
		t.Errorf("afterwards: %d lines", len(lines))
	}
}
