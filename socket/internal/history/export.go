package history

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	maxExports = 2
	pageRows   = 2000            // of one statement: about 300 kB
	pageRead   = 5 * time.Second // that the database may take for a page
	retryAfter = "5"             // seconds
)

// Export answers `GET /export.csv` with the rows of one host, page after page, so that it takes as much memory for ten
// million rows as for ten. A client that does not read is given up; an export that cannot go on breaks the connection
// off, so that nobody takes it for a whole one.
func (s *Service) Export(token service.Token) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			service.WriteError(w, http.StatusMethodNotAllowed, service.Error{Code: "metodo", Message: "only GET"})
			return
		}
		if !token.AdmitsRequest(r) {
			service.WriteError(w, http.StatusUnauthorized, service.Error{Code: "sin_permiso", Message: "send the token: Authorization: Bearer …"})
			return
		}
		page, err := pageOf(r.URL.RawQuery)
		if err != nil {
			service.WriteError(w, http.StatusBadRequest, service.Error{Code: codeInvalid, Message: err.Error()})
			return
		}
		select {
		case s.exports <- struct{}{}:
			defer func() { <-s.exports }()
		default:
			unavailable(w, codeBusy, fmt.Sprintf("%d exports are under way already", maxExports))
			return
		}
		s.export(w, r, page)
	})
}

func unavailable(w http.ResponseWriter, code, message string) {
	w.Header().Set("Retry-After", retryAfter)
	service.WriteError(w, http.StatusServiceUnavailable, service.Error{Code: code, Message: message})
}

// pageOf reads what is to be exported from a URL's query.
func pageOf(query string) (*store.Page, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the query of the URL cannot be read")
	}
	for _, name := range []string{"host", "from", "to"} {
		if n := len(values[name]); n != 1 {
			return nil, fmt.Errorf("%s is there %d times: it must be there once", name, n)
		}
	}
	from, err := sample.ParseHora(values.Get("from"))
	if err != nil {
		return nil, fmt.Errorf("from is wrong: %w", err)
	}
	to, err := sample.ParseHora(values.Get("to"))
	if err != nil {
		return nil, fmt.Errorf("to is wrong: %w", err)
	}
	host := values.Get("host")
	if err := checkTime(host, from, to); err != nil {
		return nil, err
	}
	return &store.Page{Host: host, From: from.Time, To: to.Time}, nil
}

// export writes all pages. The first one is read before the answer begins: a database that is away is then a plain error.
func (s *Service) export(w http.ResponseWriter, r *http.Request, page *store.Page) {
	name := fileName(page)
	rows, err := s.next(r.Context(), page)
	if err != nil {
		unavailable(w, codeAway, "the database does not answer; try again later")
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Connection", "close") // the deadlines below would stay with it
	table := csv.NewWriter(w)
	_ = table.Write(columns) // into its buffer
	for {
		if err := s.write(w, table, rows); err != nil {
			s.log.Warn("export_given_up", "error", err)
			panic(http.ErrAbortHandler)
		}
		if len(rows) < pageRows {
			return
		}
		if rows, err = s.next(r.Context(), page); err != nil {
			s.log.Warn("export_broken_off", "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

func (s *Service) next(ctx context.Context, page *store.Page) ([]sample.Row, error) {
	ctx, cancel := context.WithTimeout(ctx, pageRead)
	defer cancel()
	rows, err := page.Next(ctx, s.db, pageRows)
	return rows, s.note(ctx, err)
}

// write sends a page. The deadline stays, for the end of the body.
func (s *Service) write(w http.ResponseWriter, table *csv.Writer, rows []sample.Row) error {
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(s.pageWrite)); err != nil {
		return err
	}
	for i := range rows {
		_ = table.Write(record(&rows[i])) // it keeps its error
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return err
	}
	return control.Flush()
}

// fileName has letters that no header and no file system takes for anything else.
func fileName(page *store.Page) string {
	const compact = "20060102T150405Z"
	host := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, page.Host)
	return fmt.Sprintf("pulso-%.64s-%s-%s.csv", host, page.From.Format(compact), page.To.Format(compact))
}
