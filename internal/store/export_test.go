package store

import (
	"context"
	"crypto/tls"
	"net"

	"cloud.google.com/go/cloudsqlconn"
)

// Redirect lets a configuration of Cloud SQL meet a fake one.
func (c Config) Redirect(dial func(ctx context.Context, network, address string) (net.Conn, error), options ...cloudsqlconn.Option) {
	c.cloud.dial, c.cloud.options = dial, options
}

// Checked is a TLS connection over tcp that can be asked whether it lives.
func Checked(tcp net.Conn, config *tls.Config) (net.Conn, error) {
	s, err := newSocket(tcp)
	if err != nil {
		return nil, err
	}
	return &checked{Conn: tls.Client(s, config), tcp: s}, nil
}
