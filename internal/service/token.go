package service

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Token is a secret that a client must show. It keeps only a digest: digests have one length, so that comparing them
// tells nothing about the secret.
type Token struct {
	set    bool
	digest [sha256.Size]byte
}

// NewToken makes the token of a secret; an empty one lets everybody in.
func NewToken(secret string) Token { return Token{secret != "", sha256.Sum256([]byte(secret))} }

// Admits says whether shown is the secret.
func (t Token) Admits(shown string) bool {
	digest := sha256.Sum256([]byte(shown))
	return !t.set || subtle.ConstantTimeCompare(digest[:], t.digest[:]) == 1
}

// AdmitsRequest says whether the request carries the secret as its bearer token.
func (t Token) AdmitsRequest(r *http.Request) bool {
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return !t.set || strings.EqualFold(scheme, "Bearer") && t.Admits(shown)
}
