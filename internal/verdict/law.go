package verdict

import (
	"math"
	"math/rand/v2"
)

const (
	lawLevels = 5    // with fewer, three parameters fit anything
	lawFit    = 0.95 // of the variance of the throughput that it must explain
)

// load is a number of users, the throughput that they got, and its standard error.
type load struct{ users, requests, deviate float64 }

// usl holds the parameters of the Universal Scalability Law.
type usl struct{ lambda, sigma, kappa float64 }

func (u usl) at(users float64) float64 {
	return u.lambda * users / (1 + u.sigma*(users-1) + u.kappa*users*(users-1))
}

// peak is where the law has its most, and how much that is. Without κ it only tends to it, and the users are 0; without
// both there is none.
func (u usl) peak() (users, requests float64) {
	switch {
	case u.kappa > 0:
		users = math.Sqrt(max(0, 1-u.sigma) / u.kappa)
		users = max(1, users)
		return users, u.at(users)
	case u.sigma > 0:
		return 0, u.lambda / u.sigma
	}
	return 0, 0
}

// fitLaw fits the law by least squares of the relative errors. N/X = (1 + σ(N−1) + κN(N−1))/λ is linear in 1/λ, σ/λ and κ/λ;
// neither σ nor κ may be negative, so that of the four ways to leave them out, the best that has none wins.
func fitLaw(loads []load) (usl, bool) {
	best, found := usl{}, false
	least := math.Inf(1)
	for _, with := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
		u, ok := solveLaw(loads, with[0], with[1])
		if !ok || u.sigma < 0 || u.kappa < 0 || u.lambda <= 0 {
			continue
		}
		sum := 0.0
		for _, l := range loads {
			e := u.at(l.users)/l.requests - 1
			sum += e * e
		}
		if sum < least {
			best, least, found = u, sum, true
		}
	}
	return best, found
}

// solveLaw solves the normal equations, of those parameters that are wanted.
func solveLaw(loads []load, sigma, kappa bool) (usl, bool) {
	var a [3][4]float64
	for _, l := range loads {
		n, y := l.users, l.users/l.requests
		row := [3]float64{1, 0, 0}
		if sigma {
			row[1] = n - 1
		}
		if kappa {
			row[2] = n * (n - 1)
		}
		for i := range row {
			for j := range row {
				a[i][j] += row[i] * row[j] / (y * y)
			}
			a[i][3] += row[i] * y / (y * y)
		}
	}
	for i := range a {
		if a[i][i] == 0 { // not wanted
			a[i][i] = 1
		}
	}
	// Gauss and Jordan; the matrix is positive definite, so that it needs no pivoting.
	for i := range a {
		pivot := a[i][i]
		if pivot <= 0 || math.IsNaN(pivot) {
			return usl{}, false
		}
		for j := range a[i] {
			a[i][j] /= pivot
		}
		for k := range a {
			if k == i {
				continue
			}
			factor := a[k][i]
			for j := range a[k] {
				a[k][j] -= factor * a[i][j]
			}
		}
	}
	return usl{1 / a[0][3], a[1][3] / a[0][3], a[2][3] / a[0][3]}, a[0][3] > 0
}

// lawOf is the law with its intervals, which come from fitting it to throughputs drawn anew: within their standard errors, and
// within what the law itself is off, since it is a model.
func lawOf(loads []load) *Law {
	fitted, ok := fitLaw(loads)
	if len(loads) < lawLevels || !ok {
		return nil
	}
	off := 0.0
	for _, l := range loads {
		off = math.Hypot(off, (fitted.at(l.users)/l.requests-1)/math.Sqrt(float64(len(loads)-2)))
	}
	var lambda, sigma, kappa, most []float64
	dice := chance()
	for range resamples {
		if u, ok := fitLaw(drawn(loads, off, dice)); ok {
			lambda, sigma, kappa = append(lambda, u.lambda), append(sigma, u.sigma), append(kappa, u.kappa)
			_, requests := u.peak()
			most = append(most, requests)
		}
	}
	users, requests := fitted.peak()
	law := &Law{
		Lambda: interval(fitted.lambda, lambda), Sigma: interval(fitted.sigma, sigma), Kappa: interval(fitted.kappa, kappa),
		Peak: users, Fits: fits(fitted, loads),
	}
	if requests > 0 {
		law.Most = interval(requests, most)
	}
	law.Applies = law.Fits >= lawFit
	return law
}

// drawn is what the throughputs might as well have been; off is a share of each.
func drawn(loads []load, off float64, dice *rand.Rand) []load {
	some := make([]load, len(loads))
	for i, l := range loads {
		l.requests = max(l.requests/100, l.requests+math.Hypot(l.deviate, off*l.requests)*dice.NormFloat64())
		some[i] = l
	}
	return some
}

// fits is the coefficient of determination.
func fits(u usl, loads []load) float64 {
	requests := make([]float64, len(loads))
	var off float64
	for i, l := range loads {
		requests[i] = l.requests
		e := u.at(l.users) - l.requests
		off += e * e
	}
	_, squares := moments(requests)
	if squares == 0 {
		return 0
	}
	return max(0, 1-off/squares)
}
