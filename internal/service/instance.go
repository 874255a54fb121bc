package service

import (
	"crypto/rand"
	"os"
	"strings"
)

const (
	maxHost = 50 // bytes of the host's name
	suffix  = 6  // random characters behind it
)

// Instance makes a name for this process, which no other has: the host's name and a random end. It has at most 57
// bytes of visible ASCII.
func Instance() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return instance(host, rand.Text())
}

func instance(host, random string) string {
	visible := strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' {
			return '-'
		}
		return c
	}, host)
	return visible[:min(len(visible), maxHost)] + "-" + strings.ToLower(random[:suffix])
}
