-- +goose Up
-- The samples of one host whose `hora` lies in one minute; the same sample counts once, however often it arrived.
-- Averages come from sums; _last is the newest number that was not zero, of the moment _hora.
CREATE TABLE samples_by_minute (
    host           VARCHAR(253) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    hora           DATETIME    NOT NULL, -- where the minute begins
    samples        BIGINT      NOT NULL, -- different ones
    stored_rows    BIGINT      NOT NULL, -- that brought them
    cpu_min        DOUBLE      NOT NULL,
    cpu_sum        DOUBLE      NOT NULL,
    cpu_max        DOUBLE      NOT NULL,
    ram_min        DOUBLE      NOT NULL,
    ram_sum        DOUBLE      NOT NULL,
    ram_max        DOUBLE      NOT NULL,
    corriendo_min  BIGINT      NOT NULL,
    corriendo_sum  DOUBLE      NOT NULL,
    corriendo_max  BIGINT      NOT NULL,
    corriendo_last BIGINT      NULL,
    corriendo_hora DATETIME(3) NULL,
    durmiendo_min  BIGINT      NOT NULL,
    durmiendo_sum  DOUBLE      NOT NULL,
    durmiendo_max  BIGINT      NOT NULL,
    durmiendo_last BIGINT      NULL,
    durmiendo_hora DATETIME(3) NULL,
    zombie_min     BIGINT      NOT NULL,
    zombie_sum     DOUBLE      NOT NULL,
    zombie_max     BIGINT      NOT NULL,
    zombie_last    BIGINT      NULL,
    zombie_hora    DATETIME(3) NULL,
    parados_min    BIGINT      NOT NULL,
    parados_sum    DOUBLE      NOT NULL,
    parados_max    BIGINT      NOT NULL,
    parados_last   BIGINT      NULL,
    parados_hora   DATETIME(3) NULL,
    guardado       DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), -- the database's clock at the last change
    PRIMARY KEY (host, hora),
    KEY samples_by_minute_guardado (guardado)
);

CREATE TABLE samples_by_hour LIKE samples_by_minute;

-- What all instances of a route did in one minute of `recibido`.
CREATE TABLE routes_by_minute (
    recibido    DATETIME    NOT NULL, -- where the minute begins
    api         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    writer      VARCHAR(8)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    requests    BIGINT      NOT NULL,
    stored_rows BIGINT      NOT NULL,
    errors      BIGINT      NOT NULL,
    latency     JSON        NOT NULL,
    PRIMARY KEY (recibido, api)
);

CREATE TABLE routes_by_hour LIKE routes_by_minute;

-- A year by the hour is thousands of histograms.
CREATE TABLE routes_by_day LIKE routes_by_minute;

-- Which seconds of the routes have changed: a second is written again until it is complete.
ALTER TABLE route_stats
    ADD COLUMN guardado DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
    ADD KEY route_stats_guardado (guardado);
-- Those that are there did not change today.
UPDATE route_stats SET guardado = recibido;

-- Old keys are retired in this order.
ALTER TABLE requests ADD KEY requests_recibido (recibido);

-- How far the rollups are, and which replica keeps them: one row, whose lock is the rollups' lock.
CREATE TABLE rollups (
    id       TINYINT     NOT NULL PRIMARY KEY,
    position BIGINT      NOT NULL, -- every row up to this id is in samples_by_minute and samples_by_hour
    routes   DATETIME(6) NOT NULL, -- every second of route_stats that changed before, by its guardado, is in the routes_by_ tables
    owner    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    until    DATETIME(6) NOT NULL  -- the owner's turn ends, by the database's clock
);
INSERT INTO rollups (id, position, routes, owner, until) VALUES (1, 0, '1970-01-01 00:00:00', '', '1970-01-01 00:00:00');

-- +goose Down
DROP TABLE rollups;
ALTER TABLE requests DROP KEY requests_recibido;
ALTER TABLE route_stats DROP KEY route_stats_guardado, DROP COLUMN guardado;
DROP TABLE routes_by_day;
DROP TABLE routes_by_hour;
DROP TABLE routes_by_minute;
DROP TABLE samples_by_hour;
DROP TABLE samples_by_minute;
