-- One row per office, day and channel: appointment minutes planned and booked.
CREATE TABLE IF NOT EXISTS slots (
    delivery_id     VARCHAR NOT NULL,
    office          VARCHAR NOT NULL,
    service         VARCHAR,
    channel         VARCHAR,
    slots_on        DATE    NOT NULL,
    planned_minutes DOUBLE,
    booked_minutes  DOUBLE
);
