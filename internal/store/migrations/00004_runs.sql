-- +goose Up
-- The runs that were handed in or imported. They stay until somebody deletes them.
CREATE TABLE runs (
    id     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    start  DATETIME(6)  NOT NULL, -- by the load generator's clock, as in the header
    name   VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, -- that a person gave; NULL where the header's counts
    header JSON         NOT NULL,
    PRIMARY KEY (id),
    KEY runs_start (start)
);

CREATE TABLE run_seconds (
    run     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    second  INT         NOT NULL, -- since the start
    content JSON        NOT NULL,
    PRIMARY KEY (run, second)
);

-- +goose Down
DROP TABLE run_seconds;
DROP TABLE runs;
