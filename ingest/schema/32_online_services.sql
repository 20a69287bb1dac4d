-- One row per service and day: whether it is online, and how mature.
CREATE TABLE IF NOT EXISTS online_services (
    delivery_id    VARCHAR NOT NULL,
    service        VARCHAR NOT NULL,
    observed_on    DATE    NOT NULL,
    is_online      BOOLEAN,
    maturity       INTEGER,
    maturity_model VARCHAR
);
