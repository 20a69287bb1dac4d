-- One row per office, service, day and answer: how often it was given.
CREATE TABLE IF NOT EXISTS ratings (
    delivery_id VARCHAR NOT NULL,
    office      VARCHAR NOT NULL,
    service     VARCHAR,
    rated_on    DATE    NOT NULL,
    answer      INTEGER NOT NULL CHECK (answer BETWEEN 1 AND 5),
    count       BIGINT  NOT NULL,
    asked       BIGINT  -- people asked that day; NULL: unknown
);
