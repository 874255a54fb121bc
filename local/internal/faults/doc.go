// Package faults holds the tests that break Pulso's ingest under load: the real functions behind the real entry point on
// a private MariaDB, 150 users, and something that dies, stalls or loses a connection in the middle.
//
// A user with an Idempotency-Key retries until it is acknowledged, as Locust's phase 2 does; one without a key sends
// once. After each fault the service must have come back by itself, and then the rows are held against everything
// that was sent and said: audit_test.go has the rules. A test fails, too, when its fault did not happen or its load
// was not there.
package faults
