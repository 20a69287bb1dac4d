-- One row per visit of an office.
CREATE TABLE IF NOT EXISTS tickets (
    delivery_id    VARCHAR     NOT NULL,
    office         VARCHAR     NOT NULL,
    service        VARCHAR,     -- NULL: the source does not say
    channel        VARCHAR     CHECK (channel IN ('walk_in', 'appointment', 'kiosk')),
    booked_at      TIMESTAMPTZ, -- when the appointment was made
    appointment_at TIMESTAMPTZ, -- NULL for walk-ins
    arrived_at     TIMESTAMPTZ, -- NULL: never came, or not measured
    called_at      TIMESTAMPTZ, -- NULL: never called
    shown_at       TIMESTAMPTZ, -- at the desk
    finished_at    TIMESTAMPTZ,
    outcome        VARCHAR     NOT NULL CHECK (outcome IN ('served', 'no_show', 'left')),
    persons        INTEGER,     -- NULL: unknown
    ticket_key     VARCHAR      -- keyed hash, never the number itself
);
