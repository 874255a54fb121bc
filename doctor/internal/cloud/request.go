package cloud

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

type answer struct {
	status int
	body   string // its beginning, in one line
	header http.Header
}

// request makes a request of JSON, if it has a body, and waits for the answer no longer than patience.
func (w World) request(ctx context.Context, patience time.Duration, method, target, body string) (answer, error) {
	argv := []string{"curl", "-i"}
	if method != http.MethodGet {
		argv = append(argv, "-X", method, "-H", "Content-Type: application/json", "-d", body)
	}
	check.Note(ctx, command.Line(append(argv, target)...))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.Client.Do(request)
	if err != nil {
		// Without the method and the URL, which the reader knows.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return answer{}, err
	}
	defer response.Body.Close()
	const beginning = 200
	text, err := io.ReadAll(io.LimitReader(response.Body, beginning))
	if err != nil {
		return answer{}, err
	}
	return answer{response.StatusCode, strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "")), " "), response.Header}, nil
}
