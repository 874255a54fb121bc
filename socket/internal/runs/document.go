package runs

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
)

// document answers a run as it was handed in, so that it can be imported elsewhere.
func (s *Service) document(w http.ResponseWriter, r *http.Request) {
	s.with(w, r, func(read run.Run) {
		if r.URL.Query().Has("download") {
			w.Header().Set("Content-Disposition", `attachment; filename="pulso-run-`+read.ID+`.json"`)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Connection", "close") // the deadline would stay with it
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		if err := write(w, read); err != nil {
			panic(http.ErrAbortHandler) // nobody shall take it for a whole one
		}
	})
}

// write writes a run second by second: as a whole it would be in memory twice.
func write(w http.ResponseWriter, r run.Run) error {
	out := bufio.NewWriterSize(w, 64<<10)
	header, err := json.Marshal(r.Header)
	if err != nil {
		return err
	}
	_, _ = out.Write(header[:len(header)-1]) // it keeps its error
	_, _ = out.WriteString(`,"seconds":[`)
	for i := range r.Seconds {
		second, err := json.Marshal(&r.Seconds[i])
		if err != nil {
			return err
		}
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if _, err := out.Write(second); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("]}\n")
	return out.Flush()
}
