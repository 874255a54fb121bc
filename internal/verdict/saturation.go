package verdict

import (
	"math"
)

const (
	linear    = 0.95 // of the line's throughput per user: a level with less no longer belongs to it
	onPlateau = 0.92 // of the highest throughput: there the plateau begins
	atTop     = 0.95 // of it: these levels are the capacity
	farBeyond = 1.3  // times as many users as where the plateau begins must have been tried
	elastic   = 0.5  // percent of throughput for each percent of users, at the end of the confidence interval, that a plateau may have
	fellBy    = 0.9  // of the highest throughput: less beyond it is a fall
)

// plateau is the steady levels of a run by users, as far as they say where the throughput ends.
type plateau struct {
	line     float64     // good answers a second and user, where nobody waits for another
	deviate  float64     // its standard error
	levels   []*measured // from where the throughput no longer grows
	capacity Estimate
	spread   float64 // the capacity's standard error
	most     float64 // good answers a second of the best level
	first    bool    // no level was before it
	falls    bool
}

// plateauOf says where the throughput ends, nil when that was not seen. Levels are in order of users.
func plateauOf(levels []*measured) *plateau {
	if len(levels) < 2 {
		return nil
	}
	p := &plateau{}
	p.line, p.deviate = lineOf(levels)
	most := levels[0]
	for _, m := range levels {
		if m.Requests.Value > most.Requests.Value {
			most = m
		}
	}
	begin := 0
	for levels[begin].Requests.Value < onPlateau*most.Requests.Value {
		begin++
	}
	p.levels, p.first = levels[begin:], begin == 0
	from, top := p.levels[0], p.levels[len(p.levels)-1]
	ratio := math.Log(float64(top.Users) / float64(from.Users))
	if ratio < math.Log(farBeyond) || top.Requests.Value <= 0 {
		return nil
	}
	elasticity := math.Log(top.Requests.Value/from.Requests.Value) / ratio
	unsure := 1.96 * math.Hypot(top.deviate/top.Requests.Value, from.deviate/from.Requests.Value) / ratio
	if elasticity+unsure > elastic {
		return nil
	}
	p.most = most.Requests.Value
	p.weigh()
	p.falls = top.Requests.High < most.Requests.Low && top.Requests.Value < fellBy*most.Requests.Value
	return p
}

// begin is the plateau's levels up to the first that is as good as the best.
func (p *plateau) begin() []*measured {
	n := 0
	for p.levels[n].Requests.Value < atTop*p.most {
		n++
	}
	return p.levels[:n+1]
}

// weigh makes the capacity of the levels that are as good as the best, each by its length.
func (p *plateau) weigh() {
	var good, seconds, variance float64
	var rates []float64
	for _, m := range p.levels {
		if m.Requests.Value < atTop*p.most {
			continue
		}
		n := float64(len(m.seconds))
		good += n * m.Requests.Value
		seconds += n
		variance += n * n * m.deviate * m.deviate
		rates = append(rates, m.Requests.Value)
	}
	// Within the levels, and between them: the greater of the two.
	_, squares := moments(rates)
	k := float64(len(rates))
	p.spread = math.Sqrt(max(variance/(seconds*seconds), squares/max(1, k-1)/k))
	value := good / seconds
	p.capacity = Estimate{value, max(0, value-2*p.spread), value + 2*p.spread}
}

// lineOf is the throughput per user at light load, where it grows with the users. The lightest level begins it.
func lineOf(levels []*measured) (line, deviate float64) {
	var sum, weights float64
	for _, m := range levels {
		n := float64(m.Users)
		ratio, error := m.Requests.Value/n, max(m.deviate/n, 1e-6*m.Requests.Value/n)
		if weights > 0 && ratio < linear*sum/weights {
			break
		}
		weights += 1 / (error * error)
		sum += ratio / (error * error)
	}
	return sum / weights, 1 / math.Sqrt(weights)
}

// saturation is the plateau in users and answers a second. By the asymptotes of operational analysis (Denning and Buzen,
// 1978), the knee is where the line of light load reaches the capacity.
func (p *plateau) saturation() *Saturation {
	users := p.capacity.Value / p.line
	half := 2 * users * math.Hypot(p.spread/p.capacity.Value, p.deviate/p.line)
	s := &Saturation{Users: Estimate{users, max(0, users-half), users + half}, Requests: p.capacity, Falls: p.falls}
	if p.first { // the knee lies somewhere before
		s.Users.Low = 0
	}
	return s
}

// disturb marks levels that got less than a lighter one, though a heavier one got more than both: something else was in the
// way. Levels are in order of users.
func disturb(levels []*measured) {
	for i, m := range levels {
		before, after := 0.0, 0.0
		for _, l := range levels[:i] {
			if l.Users < m.Users {
				before = max(before, l.Requests.Low)
			}
		}
		for _, l := range levels[i+1:] {
			after = max(after, l.Requests.Low)
		}
		if m.Requests.High < fellBy*before && after > before {
			m.Steady = false
			if !m.fails {
				m.Meets = Unknown
			}
			m.Reason = Text{"hubo menos respuestas que con menos usuarios, y con más usuarios hubo más: algo estorbó", "it got less than fewer users did, and more users got more: something was in the way"}
		}
	}
}
