-- One row per look at a car park.
CREATE TABLE IF NOT EXISTS parking (
    delivery_id VARCHAR     NOT NULL,
    car_park    VARCHAR     NOT NULL,
    observed_at TIMESTAMPTZ NOT NULL,
    free        INTEGER,
    capacity    INTEGER,
    state       VARCHAR     NOT NULL CHECK (state IN ('open', 'closed', 'unknown'))
);
