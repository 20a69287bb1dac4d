-- One row per search for a free appointment.
CREATE TABLE IF NOT EXISTS slot_offers (
    delivery_id   VARCHAR     NOT NULL,
    office        VARCHAR     NOT NULL,
    service       VARCHAR,
    observed_at   TIMESTAMPTZ NOT NULL,
    first_free_at TIMESTAMPTZ -- NULL: none was offered
);
