package faults

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// Everybody sends a key at once, one key after the other, then all keys again in any order; through both routes, and
// some with another body.
func TestARetryStorm(t *testing.T) {
	const keys = 30
	r := start(t, nil)
	for k := range keys {
		everybody(r, func(n int, random *rand.Rand) { r.deliver(t.Context(), stormParcel(n, k), random) })
	}
	everybody(r, func(n int, random *rand.Rand) {
		for _, k := range random.Perm(keys) {
			r.deliver(t.Context(), stormParcel(n, k), random)
		}
	})
	r.audit(t)

	seen := r.tally()
	if seen.verdicts[refused] == 0 || seen.routes["api1"] == 0 || seen.routes["api2"] == 0 {
		t.Errorf("acknowledged %v, %d other bodies refused; want all of them", seen.routes, seen.verdicts[refused])
	}
	all := 0
	for _, key := range keysIn(r.parcels) {
		n := atOnce(r.parcels, key)
		if n < 2 {
			t.Errorf("%s was sent again only when it was known", key)
		}
		all += n
	}
	t.Logf("%d requests were sent before their key was known", all)
	if all < 10*keys {
		t.Errorf("%d requests for %d keys: that is no storm", all, keys)
	}
}

// everybody lets all users do something at once.
func everybody(r *rig, do func(user int, random *rand.Rand)) {
	begin := make(chan struct{})
	for n := range users {
		random := rand.New(rand.NewPCG(uint64(n), 1))
		r.users.Go(func() {
			<-begin
			do(n, random)
		})
	}
	close(begin)
	r.users.Wait()
}

// stormParcel is what a user sends under a key: one in ten has another body.
func stormParcel(user, key int) *parcel {
	host := "storm"
	if user%10 == 9 {
		host = "another"
	}
	return pack(fmt.Sprintf("key-%d", key), host, int64(1+100*key), 1+key%4)
}

func keysIn(parcels []*parcel) []string {
	var keys []string
	known := map[string]bool{}
	for _, p := range parcels {
		if !known[p.key] {
			known[p.key] = true
			keys = append(keys, p.key)
		}
	}
	return keys
}

// atOnce counts the attempts with a key that began before the first one was acknowledged.
func atOnce(parcels []*parcel, key string) int {
	var attempts []attempt
	var first time.Time
	for _, p := range parcels {
		if p.key != key {
			continue
		}
		for _, a := range p.attempts {
			attempts = append(attempts, a)
			if a.verdict() == stored && (first.IsZero() || a.ended.Before(first)) {
				first = a.ended
			}
		}
	}
	n := 0
	for _, a := range attempts {
		if a.began.Before(first) {
			n++
		}
	}
	return n
}
