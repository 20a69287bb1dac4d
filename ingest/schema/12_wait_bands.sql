-- One row per count of waits or durations between two bounds, where only bands exist.
CREATE TABLE IF NOT EXISTS wait_bands (
    delivery_id VARCHAR NOT NULL,
    office      VARCHAR NOT NULL,
    service     VARCHAR,
    period_from DATE    NOT NULL,
    period_to   DATE    NOT NULL, -- exclusive
    unit        VARCHAR NOT NULL CHECK (unit IN ('minutes', 'days')),
    band_from   DOUBLE  NOT NULL,
    band_to     DOUBLE,           -- NULL: open
    count       BIGINT  NOT NULL
);
