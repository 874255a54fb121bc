package runs

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
)

// askedOf reads what a verdict is asked about: the objective of the run, but for what the query says, and the users, 0 for
// those of the run.
func askedOf(query string, objective run.Objective) (run.Objective, int, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return objective, 0, errors.New("the query of the URL cannot be read")
	}
	users := 0
	for _, parameter := range []struct {
		name, must string
		set        func(string) error
	}{
		{"latency", "a time such as 250ms or 1.5s", func(text string) error {
			latency, err := time.ParseDuration(text)
			objective.Latency = float64(latency) / float64(time.Millisecond)
			return err
		}},
		{"percentile", "a number such as 95", func(text string) (err error) {
			objective.Percentile, err = strconv.ParseFloat(text, 64)
			return err
		}},
		{"errors", "a number of percent such as 1", func(text string) (err error) {
			objective.Errors, err = strconv.ParseFloat(text, 64)
			return err
		}},
		{"users", "a whole number such as 300", func(text string) (err error) {
			if users, err = strconv.Atoi(text); users < 1 || users > run.MaxNumber {
				err = strconv.ErrRange
			}
			return err
		}},
	} {
		switch given := values[parameter.name]; {
		case len(given) == 0:
		case len(given) > 1:
			return objective, 0, fmt.Errorf("%s is there %d times", parameter.name, len(given))
		case parameter.set(given[0]) != nil:
			return objective, 0, fmt.Errorf("%s is %.40q: it must be %s", parameter.name, given[0], parameter.must)
		}
	}
	if err := objective.Check(); err != nil {
		return objective, 0, fmt.Errorf("the objective %w", err)
	}
	return objective, users, nil
}
