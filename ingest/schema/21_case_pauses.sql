-- One row per stop of a case's clock.
CREATE TABLE IF NOT EXISTS case_pauses (
    delivery_id VARCHAR     NOT NULL,
    case_key    VARCHAR     NOT NULL,
    from_at     TIMESTAMPTZ NOT NULL,
    to_at       TIMESTAMPTZ, -- NULL: still stopped
    holder      VARCHAR     NOT NULL CHECK (holder IN ('applicant', 'third_party'))
);
