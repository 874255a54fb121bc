package main

import "time"

// How long each table reaches back, as retention leaves it. The seconds of the routes are there for the last day only:
// no query reads more of them at once than a quarter of an hour.
const (
	minutesKept = 90 * 24 * 60
	hoursKept   = 2 * 365 * 24
	secondsKept = 24 * 60 * 60
	routes      = 2
	instances   = 4 // of each route

	burst     = 36_000 // samples of one more host in the last hour, ten a second
	burstHost = "vm-burst"
)

// fills are what samples does not fill.
var fills = []struct {
	query  string
	rows   int
	begins time.Time
}{
	{burstSQL, burst, end.Add(-time.Hour)},
	{minutesSQL, hosts * minutesKept, end.Add(-minutesKept * time.Minute)},
	{burstMinutesSQL, 60, end.Add(-time.Hour)},
	{hoursSQL, hosts * hoursKept, end.Add(-hoursKept * time.Hour)},
	{routeSecondsSQL, routes * instances * secondsKept, end.Add(-secondsKept * time.Second)},
	{routeMinutesSQL, routes * minutesKept, end.Add(-minutesKept * time.Minute)},
	{routeHoursSQL, routes * hoursKept, end.Add(-hoursKept * time.Hour)},
	{routeDaysSQL, routes * hoursKept / 24, end.Add(-hoursKept * time.Hour).Truncate(24 * time.Hour)},
}

const (
	samplesInto = `INSERT INTO samples (total_ram, ram_libre, uso_ram, porcentaje_ram, porcentaje_cpu_uso, porcentaje_cpu_libre,
		procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados, hora, host, secuencia, fuente, api, recibido)
		SELECT 15990, 9312, 6678, 30 + n.seq % 4000 / 100, n.seq * 7 % 10000 / 100, 100 - n.seq * 7 % 10000 / 100,
		n.seq % 9, 233, 225, IF(n.seq % 5000 = 0, 1, 0), IF(n.seq % 900 < 2, n.seq % 3, 0), `

	// Hosts take turns, as they do when they are stored while it happens: the rows of one lie apart.
	samplesSQL = samplesInto + `b.at + INTERVAL n.seq DIV 8 SECOND, CONCAT('vm-', n.seq % 8), n.seq, 'kernel',
		IF(n.seq % 3 = 0, 'api1', 'api2'), b.at + INTERVAL n.seq DIV 8 SECOND
		FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME(3)) AS at) AS b ORDER BY n.seq`

	burstSQL = samplesInto + `b.at + INTERVAL n.seq * 100000 MICROSECOND, 'vm-burst', n.seq, 'kernel',
		IF(n.seq % 3 = 0, 'api1', 'api2'), b.at + INTERVAL n.seq DIV 10 SECOND
		FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME(3)) AS at) AS b ORDER BY n.seq`

	rollupColumns = ` (host, hora, samples, stored_rows, cpu_min, cpu_sum, cpu_max, ram_min, ram_sum, ram_max,
		corriendo_min, corriendo_sum, corriendo_max, corriendo_last, corriendo_hora,
		durmiendo_min, durmiendo_sum, durmiendo_max, durmiendo_last, durmiendo_hora,
		zombie_min, zombie_sum, zombie_max, zombie_last, zombie_hora,
		parados_min, parados_sum, parados_max, parados_last, parados_hora) `

	// A zombie is seen in one stretch of 97, the newest ones aside: a search for the last one has something to do.
	rollupValues = ` n.seq % 17, 50, 60 + n.seq % 40, 30, 45, 60 + n.seq % 10,
		0, 200, 8, 3, b.at, 225, 13500, 225, 225, b.at,
		0, 0, IF(n.seq % 97 = 0, 1, 0), IF(n.seq % 97 = 0, 1, NULL), IF(n.seq % 97 = 0, b.at, NULL), 0, 0, 0, NULL, NULL `

	minutesSQL = `INSERT INTO samples_by_minute` + rollupColumns + `SELECT CONCAT('vm-', n.seq % 8), b.at + INTERVAL n.seq DIV 8 MINUTE, 60, 60,` +
		rollupValues + `FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME) AS at) AS b`
	burstMinutesSQL = `INSERT INTO samples_by_minute` + rollupColumns + `SELECT 'vm-burst', b.at + INTERVAL n.seq MINUTE, 600, 600,` +
		rollupValues + `FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME) AS at) AS b`
	hoursSQL = `INSERT INTO samples_by_hour` + rollupColumns + `SELECT CONCAT('vm-', n.seq % 8), b.at + INTERVAL n.seq DIV 8 HOUR, 3600, 3600,` +
		rollupValues + `FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME) AS at) AS b`

	routeSecondsSQL = `INSERT INTO route_stats (recibido, api, instance, writer, requests, stored_rows, errors, latency)
		SELECT b.at + INTERVAL n.seq DIV 8 SECOND, CONCAT('api', 1 + n.seq % 2), n.seq DIV 2 % 4, IF(n.seq % 2 = 0, 'direct', 'batch'), 30, 30, 0, h.latency
		FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME) AS at) AS b,
		(SELECT CONCAT('[', GROUP_CONCAT('[', seq, ',2]' ORDER BY seq), ']') AS latency FROM seq_30_to_44) AS h`
	routeMinutesSQL = `INSERT INTO routes_by_minute (recibido, api, writer, requests, stored_rows, errors, latency)
		SELECT b.at + INTERVAL n.seq DIV 2 MINUTE, CONCAT('api', 1 + n.seq % 2), IF(n.seq % 2 = 0, 'direct', 'batch'), 1800, 1800, 0, h.latency
		FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME) AS at) AS b,
		(SELECT CONCAT('[', GROUP_CONCAT('[', seq, ',45]' ORDER BY seq), ']') AS latency FROM seq_20_to_59) AS h`
	routeDaysSQL = `INSERT INTO routes_by_day (recibido, api, writer, requests, stored_rows, errors, latency)
		SELECT b.at + INTERVAL n.seq DIV 2 DAY, CONCAT('api', 1 + n.seq % 2), IF(n.seq % 2 = 0, 'direct', 'batch'), 2592000, 2592000, 0, h.latency
		FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME) AS at) AS b,
		(SELECT CONCAT('[', GROUP_CONCAT('[', seq, ',43200]' ORDER BY seq), ']') AS latency FROM seq_15_to_74) AS h`
	routeHoursSQL = `INSERT INTO routes_by_hour (recibido, api, writer, requests, stored_rows, errors, latency)
		SELECT b.at + INTERVAL n.seq DIV 2 HOUR, CONCAT('api', 1 + n.seq % 2), IF(n.seq % 2 = 0, 'direct', 'batch'), 108000, 108000, 0, h.latency
		FROM seq_$from_to_$to AS n, (SELECT CAST(? AS DATETIME) AS at) AS b,
		(SELECT CONCAT('[', GROUP_CONCAT('[', seq, ',1800]' ORDER BY seq), ']') AS latency FROM seq_15_to_74) AS h`
)
