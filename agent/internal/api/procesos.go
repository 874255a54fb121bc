package api

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/pulso-lab/pulso/agent/internal/sampler"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

// Bounds of `limite`.
const (
	defaultLimit = 50
	maxLimit     = 1000
)

// Values of `orden`.
const (
	orderCPU = "cpu"
	orderRAM = "ram"
)

// processList is the answer of /procesos.
type processList struct {
	Hora     sample.Hora       `json:"hora"`
	Host     string            `json:"host"`
	Orden    string            `json:"orden"`
	Total    int               `json:"total"` // rows of the table, not of this answer
	Procesos []sampler.Process `json:"procesos"`
}

func procesos(samples Samples) gin.HandlerFunc {
	return func(c *gin.Context) {
		order, limit, err := parseQuery(c.Request.URL.RawQuery)
		if err != nil {
			fail(c, http.StatusBadRequest, "parametro_invalido", err.Error())
			return
		}
		snapshot, err := samples.LatestTable(c.Request.Context())
		if noTable := (*sampler.NoTableError)(nil); errors.As(err, &noTable) {
			c.Writer.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(noTable.Retry.Seconds()))))
		}
		if err != nil {
			noSample(c, err)
			return
		}
		rows := snapshot.Table.ByCPU
		if order == orderRAM {
			rows = snapshot.Table.ByRAM
		}
		all := rows()
		c.Writer.Header().Set("Cache-Control", "no-store")
		service.WriteJSON(c.Writer, http.StatusOK, processList{
			Hora: snapshot.Sample.Hora, Host: snapshot.Sample.Host, Orden: order,
			Total: len(all), Procesos: all[:min(limit, len(all))],
		})
	}
}

// parseQuery reads orden and limite; parameters that are not ours are ignored. A parameter that is there must be
// right and there once: a typing error must not look like an answer.
func parseQuery(raw string) (order string, limit int, err error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return "", 0, fmt.Errorf("the query is malformed: %w", err)
	}
	order, err = one(query, "orden", orderCPU)
	if err != nil {
		return "", 0, err
	}
	if order != orderCPU && order != orderRAM {
		return "", 0, fmt.Errorf("orden is %.40q: it must be %s or %s", order, orderCPU, orderRAM)
	}
	text, err := one(query, "limite", strconv.Itoa(defaultLimit))
	if err != nil {
		return "", 0, err
	}
	limit, err = strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		return "", 0, fmt.Errorf("limite is %.40q: it must be a whole number from 1 to %d", text, maxLimit)
	}
	return order, limit, nil
}

// one is the value of a parameter, or fallback where it is absent.
func one(query url.Values, name, fallback string) (string, error) {
	switch values := query[name]; len(values) {
	case 0:
		return fallback, nil
	case 1:
		return values[0], nil
	default:
		return "", fmt.Errorf("%s is there %d times", name, len(values))
	}
}
