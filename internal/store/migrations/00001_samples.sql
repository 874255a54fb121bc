-- +goose Up
CREATE TABLE samples (
    id                   BIGINT       NOT NULL AUTO_INCREMENT,
    total_ram            BIGINT       NOT NULL,
    ram_libre            BIGINT       NOT NULL,
    uso_ram              BIGINT       NOT NULL,
    porcentaje_ram       DOUBLE       NOT NULL,
    porcentaje_cpu_uso   DOUBLE       NOT NULL,
    porcentaje_cpu_libre DOUBLE       NOT NULL,
    procesos_corriendo   BIGINT       NOT NULL,
    total_procesos       BIGINT       NOT NULL,
    procesos_durmiendo   BIGINT       NOT NULL,
    procesos_zombie      BIGINT       NOT NULL,
    procesos_parados     BIGINT       NOT NULL,
    hora                 DATETIME(3)  NOT NULL,
    host                 VARCHAR(253) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    secuencia            BIGINT       NULL,
    fuente               VARCHAR(8)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    api                  VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    recibido             DATETIME(6)  NOT NULL,
    -- The database's own clock at the INSERT; by it the stream knows when a missing id is dead.
    guardado             DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (id),
    KEY samples_host_hora (host, hora)
) /*T![auto_id_cache] AUTO_ID_CACHE 1 */; -- for TiDB, whose ids are otherwise taken in blocks of 30,000 by each server

-- The first answer of every request that carried an Idempotency-Key.
CREATE TABLE requests (
    clave     VARBINARY(64) NOT NULL,
    contenido BINARY(32)    NOT NULL,
    api       VARCHAR(32)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ids       JSON          NOT NULL,
    recibido  DATETIME(6)   NOT NULL,
    PRIMARY KEY (clave)
);

-- +goose Down
DROP TABLE requests;
DROP TABLE samples;
