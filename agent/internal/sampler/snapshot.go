package sampler

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/exposition"
	"github.com/pulso-lab/pulso/internal/sample"
)

// Snapshot is one sample, in every form in which it is handed out. Nothing in it changes once it is published.
type Snapshot struct {
	Sample      sample.Sample
	JSON        []byte // the contract's form and a newline
	Text        []byte // exposition.TextType
	OpenMetrics []byte // exposition.OpenMetricsType
	Table       *Table

	taken time.Time // with the monotonic clock
}

func encode(s sample.Sample, from *reading, table *Table) (*Snapshot, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the sample: %w", err)
	}
	text := exposition.Text(s, from.Memory)
	return &Snapshot{
		Sample:      s,
		JSON:        append(body, '\n'),
		Text:        text,
		OpenMetrics: exposition.OpenMetrics(text),
		Table:       table,
		taken:       from.taken,
	}, nil
}
