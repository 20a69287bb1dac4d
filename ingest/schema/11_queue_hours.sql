-- One row per office, service, hour and channel, where only hourly means exist.
CREATE TABLE IF NOT EXISTS queue_hours (
    delivery_id            VARCHAR     NOT NULL,
    office                 VARCHAR     NOT NULL,
    service                VARCHAR,
    channel                VARCHAR     CHECK (channel IN ('walk_in', 'appointment', 'kiosk')),
    hour_at                TIMESTAMPTZ NOT NULL, -- begin of the hour
    customers              INTEGER,    -- NULL: not counted; then no mean of several hours
    mean_wait_minutes      DOUBLE,
    mean_walk_minutes      DOUBLE,
    estimated_wait_minutes DOUBLE
);
