-- +goose Up
-- What one instance of a route did with the requests that it received in one second.
CREATE TABLE route_stats (
    recibido    DATETIME    NOT NULL,
    api         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    instance    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    writer      VARCHAR(8)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    requests    INT         NOT NULL,
    stored_rows INT         NOT NULL, -- ROWS is a reserved word
    errors      INT         NOT NULL,
    latency     JSON        NOT NULL, -- [[bucket, count], …]
    PRIMARY KEY (recibido, api, instance) -- a range of time, all routes, is read in one piece
);

-- +goose Down
DROP TABLE route_stats;
