package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// sketchSample is what the sketch reads of a body. The date goes to the database as it came.
type sketchSample struct {
	TotalRAM           int64   `json:"total_ram"`
	RAMLibre           int64   `json:"ram_libre"`
	UsoRAM             int64   `json:"uso_ram"`
	PorcentajeRAM      float64 `json:"porcentaje_ram"`
	PorcentajeCPUUso   float64 `json:"porcentaje_cpu_uso"`
	PorcentajeCPULibre float64 `json:"porcentaje_cpu_libre"`
	ProcesosCorriendo  int64   `json:"procesos_corriendo"`
	TotalProcesos      int64   `json:"total_procesos"`
	ProcesosDurmiendo  int64   `json:"procesos_durmiendo"`
	ProcesosZombie     int64   `json:"procesos_zombie"`
	ProcesosParados    int64   `json:"procesos_parados"`
	Hora               string  `json:"hora"`
	Host               string  `json:"host"`
	Secuencia          int64   `json:"secuencia"`
	Fuente             string  `json:"fuente"`
}

// sketched is one request, with all that it needs, and serves again for another.
type sketched struct {
	body     [1024]byte
	sample   sketchSample
	recibido time.Time
	id       chan int64
}

// sketch is the idea of the batch route and nothing else: one statement for whatever waits, an answer after the commit.
// It checks nothing, knows no keys, no drain and no statistics, and ends at the first error. It is as fast as its few
// lines can be, since it measures what all the rest costs.
type sketch struct {
	queue chan *sketched
	pool  sync.Pool
}

func newSketch() *sketch {
	return &sketch{
		queue: make(chan *sketched, 4096),
		pool:  sync.Pool{New: func() any { return &sketched{id: make(chan int64, 1)} }},
	}
}

func (s *sketch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one := s.pool.Get().(*sketched)
	defer s.pool.Put(one)
	one.sample = sketchSample{}
	body := one.body[:min(max(r.ContentLength, 0), int64(len(one.body)))]
	_, err := io.ReadFull(r.Body, body)
	if err == nil {
		err = json.Unmarshal(body, &one.sample)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	one.recibido = time.Now()
	s.queue <- one
	answer := append(one.body[:0], `{"api":"sketch","insertados":1,"ids":[`...)
	answer = append(strconv.AppendInt(answer, <-one.id, 10), "]}\n"...)
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(answer)
}

// flush stores what comes, until ctx ends or the database fails.
func (s *sketch) flush(ctx context.Context, conn *sql.Conn) error {
	const most = 500
	head := "INSERT INTO samples (" + columns + ") VALUES "
	row := "(?" + strings.Repeat(",?", strings.Count(columns, ",")) + "),"
	query := head + strings.Repeat(row, most)
	var batch []*sketched
	var args []any
	for {
		select {
		case one := <-s.queue:
			batch = append(batch[:0], one)
		case <-ctx.Done():
			return nil
		}
		for len(s.queue) > 0 && len(batch) < most { // nobody else takes from it
			batch = append(batch, <-s.queue)
		}
		args = args[:0]
		for _, one := range batch {
			v := &one.sample
			args = append(args, v.TotalRAM, v.RAMLibre, v.UsoRAM, v.PorcentajeRAM, v.PorcentajeCPUUso, v.PorcentajeCPULibre,
				v.ProcesosCorriendo, v.TotalProcesos, v.ProcesosDurmiendo, v.ProcesosZombie, v.ProcesosParados,
				v.Hora, v.Host, v.Secuencia, v.Fuente, "sketch", one.recibido)
		}
		result, err := conn.ExecContext(context.WithoutCancel(ctx), query[:len(head)+len(row)*len(batch)-1], args...)
		if err != nil {
			return fmt.Errorf("sketch: %w", err)
		}
		first, err := result.LastInsertId()
		if err != nil {
			return fmt.Errorf("sketch: %w", err)
		}
		for i, one := range batch {
			one.id <- first + int64(i)
		}
	}
}
